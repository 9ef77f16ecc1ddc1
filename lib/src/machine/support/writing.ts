/** Letters of the scripts that are written from right to left: Hebrew, Arabic, Syriac, Thaana, N'Ko and their relatives. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

const LETTER = /\p{Letter}/u;

/** Whether a text has letters that are written from right to left. */
export const hasRightToLeft = (text: string): boolean => RIGHT_TO_LEFT.test(text);

/** A text that keeps its own direction, and leaves its surroundings theirs. */
export function isolated(text: string): string {
  return hasRightToLeft(text) && !text.startsWith("\u2068") ? `\u2068${text}\u2069` : text;
}

/** The direction of a text's first letter; undefined if it has none. */
export function directionOf(text: string): "ltr" | "rtl" | undefined {
  const letter = LETTER.exec(text)?.[0];
  return letter === undefined ? undefined : hasRightToLeft(letter) ? "rtl" : "ltr";
}

/**
 * Depths of the pieces of a line, as the Unicode bidirectional algorithm counts them: odd ones are written from right to left.
 * Pieces are taken as a whole, by their first letter; numbers after letters from right to left are parts of these, written from
 * left to right.
 *
 * @param base direction of the whole line
 * @see Unicode Standard Annex #9, rules W7, N1, N2, I1, I2
 */
export function embeddingLevels(pieces: readonly string[], base: "ltr" | "rtl"): number[] {
  const depth = base === "rtl" ? 1 : 0;
  const directions = pieces.map(directionOf);
  const around = (index: number, step: 1 | -1): "ltr" | "rtl" => {
    for (let i = index + step; i >= 0 && i < pieces.length; i += step) if (directions[i]) return directions[i]!;
    return base;
  };
  return pieces.map((piece, index) => {
    const before = around(index, -1);
    const isNumber = directions[index] === undefined && /\p{Number}/u.test(piece);
    if (isNumber) return before === "rtl" ? 2 : depth;
    const direction = directions[index] ?? (before === around(index, 1) ? before : base);
    return direction === "rtl" ? 1 : depth === 0 ? 0 : 2;
  });
}

/** Places of pieces from left to right, by their depths: rule L2. */
export function visualOrder(levels: readonly number[]): number[] {
  const order = levels.map((_, index) => index);
  for (let level = Math.max(0, ...levels); level > 0; level--) {
    for (let start = 0; start < order.length; start++) {
      let end = start;
      while (end < order.length && levels[order[end]] >= level) end++;
      order.splice(start, end - start, ...order.slice(start, end).reverse());
      start = Math.max(start, end - 1);
    }
  }
  return order;
}

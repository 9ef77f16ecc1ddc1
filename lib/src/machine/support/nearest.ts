/**
 * What a misspelled word may have meant: of known words the one that takes the fewest letters put in, left out or exchanged,
 * if that is less than half of them or all is missing that stands behind it. Undefined if there is none.
 *
 * @see Levenshtein 1966, Soviet Physics Doklady 10, 707
 * @example nearest("intrinsicDimensoin", ["loss", "intrinsicDimension"]); // "intrinsicDimension"
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let [best, fewest]: [string | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
  for (const other of known) {
    const distance = editDistance(word.toLowerCase(), other.toLowerCase());
    const isNear = 2 * distance < Math.max(word.length, other.length) || (word !== "" && other.startsWith(word));
    if (distance < fewest && isNear) [best, fewest] = [other, distance];
  }
  return best;
}

/** "; did you mean llama-mini?", or nothing: for the end of a message on a word that is not known. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant === undefined ? "" : `; did you mean ${meant}?`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min(row[j + 1] + 1, next[j] + 1, row[j] + (a[i] === b[j] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}

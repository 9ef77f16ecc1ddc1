import { measureText } from "../machine/render/measureText";
import { shownText } from "./verbatim";

/** Where a line may end, the best places first: not inside of a number, nor between it and its sign, nor inside of a tag. */
const SEAMS = [/(?<=: )/, /(?<=, )/, /(?<= )(?![^<]*>)/, /(?<=[-_./])(?!\d)(?![^<]*>)/];

/** Height of a line, as a multiple of the font's size. */
export const LINE_HEIGHT = 1.3;

const ELLIPSIS = "…";

/** What begins and ends a part in its own direction. */
const [ISOLATE, END] = ["\u2068", "\u2069"];

/**
 * Breaks a text into lines that fit: where parts of a sentence end, if that is enough, or else between words, within
 * names, between letters. Marked-up letters and entities are not broken.
 *
 * @param width of a line, in CSS pixels
 * @param size of the font, in CSS pixels
 * @param most lines; of a text that needs more, the middle is left out
 * @example
 * ```ts
 * linesThatFit("my-model: ρ = 0.96, n = 48", 150, 12); // ["my-model:", "ρ = 0.96, n = 48"]
 * ```
 */
export function linesThatFit(text: string, width: number, size: number, most = Number.POSITIVE_INFINITY): string[] {
  if (widthOf(text, size) <= width) return [text];
  const fits = (piece: string) => widthOf(piece, size) <= width;
  // Between letters only where a word is longer than a line.
  const small = [SEAMS[2], SEAMS[3]].reduce(
    (pieces, seam) => pieces.flatMap((piece) => (fits(piece) ? [piece] : piece.split(seam))),
    [text],
  );
  const pieces = small.flatMap((piece) => (fits(piece) ? [piece] : lettersOf(piece)));
  const ways = [...SEAMS.map((seam) => text.split(seam)), pieces].map((parts) => fillLines(parts, width, size));
  const isGood = (lines: readonly string[]) =>
    lines.length <= most && lines.every((line) => widthOf(line, size) <= width);
  const lines = ways.find(isGood) ?? ways.at(-1)!;
  return lines.length > most ? linesThatFit(shortened(text, (most - 0.5) * width, size), width, size) : lines;
}

/** Breaks a text into full lines, between words or within those that are longer than a line. Arguments as {@link linesThatFit}. */
export function paragraphLines(text: string, width: number, size: number): string[] {
  const words = text.split(/(?<= )/);
  return fillLines(
    words.flatMap((word) => (widthOf(word, size) > width ? lettersOf(word) : [word])),
    width,
    size,
  );
}

/**
 * A text without so much of its middle that it fits: names often differ in their ends alone.
 *
 * @example
 * ```ts
 * shortened("Instruct-Q4_K_M.gguf", 80, 12); // "Instru….gguf"
 * ```
 */
export function shortened(text: string, width: number, size: number): string {
  if (widthOf(text, size) <= width) return text;
  const letters = lettersOf(text);
  for (let kept = letters.length - 1; kept > 1; kept--) {
    const end = Math.floor(kept / 2);
    const short = [...letters.slice(0, kept - end), ELLIPSIS, ...letters.slice(letters.length - end)].join("");
    if (widthOf(short, size) <= width) return balanced([short])[0];
  }
  return ELLIPSIS;
}

/** What readers take for one letter, marked-up ones with their tags. */
function lettersOf(text: string): string[] {
  const atoms = /(<(\w+)[^>]*>[\s\S]*?<\/\2>|<[^>]*>|&#?\w+;)/;
  const letters = new Intl.Segmenter("en", { granularity: "grapheme" });
  // Of each match the split has three parts: what is before it, the atom, its tag's name.
  return text
    .split(atoms)
    .flatMap((part, i) =>
      i % 3 === 0 ? Array.from(letters.segment(part), ({ segment }) => segment) : i % 3 === 1 ? [part] : [],
    );
}

function fillLines(pieces: readonly string[], width: number, size: number): string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const longer = (lines.at(-1) ?? "") + piece;
    if (lines.length > 0 && widthOf(longer.trimEnd(), size) <= width) lines[lines.length - 1] = longer;
    else lines.push(piece);
  }
  return balanced(lines.map((line) => line.trim()));
}

/** Lines in which a part that is written in its own direction ends with its line and goes on in the next one. */
function balanced(lines: readonly string[]): string[] {
  let isOpen = false;
  return lines.map((line) => {
    const start = isOpen ? ISOLATE + line : line;
    isOpen = start.lastIndexOf(ISOLATE) > start.lastIndexOf(END);
    return isOpen ? start + END : start;
  });
}

/** In CSS pixels, of what is seen: Plotly's text may hold tags and entities, and break lines itself. */
export function widthOf(text: string, size: number): number {
  const lines = text.split(/<br\s*\/?>/).map((line) => shownText(line));
  const style = { size, bold: false, italic: false, monospace: false };
  return Math.max(...lines.map((line) => measureText(line, style).width));
}

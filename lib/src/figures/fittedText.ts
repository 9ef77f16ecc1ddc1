import { measureText } from "../machine/render/fonts";
import { shownText } from "./verbatim";

/** Where a line may end, the best places first; not inside Plotly's tags and entities. */
const SEAMS = [
  /(?<=: )/,
  /(?<=, )/,
  /(?<= )/,
  /(?<=[-_.]|(?<!<)\/)/,
  /(?<!&[a-z#0-9]{0,5})(?<!<[^<>]{0,8})(?=[\s\S])/u,
];

/** Height of a line, as a multiple of the font's size. */
export const LINE_HEIGHT = 1.3;

/**
 * Breaks a text into lines that fit: where parts of a sentence end, if that is enough, or else between words, within
 * names, between letters.
 *
 * @param width of a line, in CSS pixels
 * @param size of the font, in CSS pixels
 * @example
 * ```ts
 * linesThatFit("my-model: ρ = 0.96, n = 48", 150, 12); // ["my-model:", "ρ = 0.96, n = 48"]
 * ```
 */
export function linesThatFit(text: string, width: number, size: number): string[] {
  if (widthOf(text, size) <= width) return [text];
  const ways = SEAMS.map((seam) => fillLines(text.split(seam), width, size));
  return ways.find((lines) => lines.every((line) => widthOf(line, size) <= width)) ?? ways.at(-1)!;
}

function fillLines(pieces: readonly string[], width: number, size: number): string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const longer = (lines.at(-1) ?? "") + piece;
    if (lines.length > 0 && widthOf(longer.trimEnd(), size) <= width) lines[lines.length - 1] = longer;
    else lines.push(piece);
  }
  return lines.map((line) => line.trim());
}

/** In CSS pixels, of what is seen: Plotly's text may hold tags and entities. */
export function widthOf(text: string, size: number): number {
  return measureText(shownText(text), { size, bold: false, italic: false, monospace: false }).width;
}

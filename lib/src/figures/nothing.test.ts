import { describe, expect, it } from "vitest";
import { FIGURE_ROWS } from "../../../tests/support/figureRows";
import { type AnyRow, isMean, isValue } from "../results/row";
import { FIGURES } from "./figures";
import type { PaperFigure } from "./paperFigure";

const { 1: figure1, ...ofRows } = FIGURES;
const figures = Object.entries(ofRows as unknown as Record<keyof typeof FIGURE_ROWS, PaperFigure<AnyRow, object>>);
const rowsOf = (key: string): AnyRow[] => FIGURE_ROWS[Number(key) as keyof typeof FIGURE_ROWS];

/** A row with another number. */
function withNumber(row: AnyRow, number: number): AnyRow {
  if (isValue(row)) return { ...row, value: row.quantity.endsWith("Count") ? 0 : number };
  if (isMean(row)) return { ...row, mean: number };
  if (row.note !== undefined) return row; // As it was printed.
  const [p, low, high] = new Array<number>(3).fill(Number.NaN);
  return { ...row, coefficient: number, n: 2, p, log10P: p, low, high };
}

/** All texts and numbers of a specification, but for x, y and what stands for a gap on purpose. */
function said(value: unknown, key = ""): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number" && (key === "range" || key === "dtick" || key === "height")) return [String(value)];
  if (typeof value !== "object" || value === null || key === "x" || key === "y") return [];
  return Object.entries(value).flatMap(([name, inside]) => said(inside, Array.isArray(value) ? key : name));
}

describe("numbers of nothing", () => {
  it.each(figures)("are not in figure %s", (key, figure) => {
    const rows = rowsOf(key);
    for (const number of [Number.NaN, Number.POSITIVE_INFINITY, 0]) {
      const drawn = figure.draw(rows.map((row) => withNumber(row, number)));
      expect(
        said({ ...drawn, provenance: undefined }).filter((text) => /NaN|Infinity|undefined|null/.test(text)),
      ).toEqual([]);
      if (Number.isNaN(number)) expect(drawn.caption).toMatch(/ Not drawn: \d+ of \d+ numbers \(/);
    }
  });

  it.each(figures)("figure %s says of one prompt that it has no deviation", (key, figure) => {
    const rows = rowsOf(key).map((row) => (isMean(row) ? { ...row, n: 1, sd: Number.NaN } : row));
    const drawn = figure.draw(rows);
    const texts = said({ ...drawn, provenance: undefined });
    expect(texts.filter((text) => /NaN|undefined|1 prompts|± sd, 1/.test(text))).toEqual([]);
    expect(drawn.caption.includes("A single prompt has no standard deviation.")).toBe(rows.some(isMean));
  });
});

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FIGURE_ROWS } from "../../../tests/support/figureRows";
import { expectFigureSnapshot } from "../../../tests/support/figureSnapshot";
import { PROJECT_ROOT } from "../machine/support/project";
import type { AnyRow } from "../results/row";
import { FIGURES } from "./figures";
import type { PaperFigure } from "./paperFigure";

const { 1: figure1, ...ofRows } = FIGURES;
const figures = Object.entries(ofRows as unknown as Record<keyof typeof FIGURE_ROWS, PaperFigure<AnyRow, object>>);
const notebook = (name: string) => join(PROJECT_ROOT, "notebooks", `${name}.ipynb`);

describe("the registry of figures", () => {
  it.each(Object.entries(FIGURES))("Figure %s has its notebook, with its number and its name", (key, figure) => {
    const { number, name, notebook: file } = figure;
    expect(Number.parseInt(number, 10)).toBe(Number(key));
    expect(name).toBe(`fig${key.padStart(2, "0")}`);
    expect(existsSync(notebook(file))).toBe(true);
    const [first] = (JSON.parse(readFileSync(notebook(file), "utf8")) as { cells: { source: string[] }[] }).cells;
    expect(first.source.join("")).toMatch(new RegExp(`^# Figure ${number}\\b`));
  });

  it("is the map in the first notebook, in the paper's order", () => {
    const rows = readFileSync(notebook("00-start-here"), "utf8").matchAll(
      /\| \[fig[\w-]+\]\((fig[\w-]+)\.ipynb\) \| (.*?) \|/g,
    );
    const map = [...rows].map(([, file, shows]) => [file, shows]);
    expect(map).toEqual(Object.values(FIGURES).map(({ notebook: file, title }) => [file, title]));
  });
});

describe("the figures of rows", () => {
  it.each(figures)("Figure %s is the specification that is kept", async (key, figure) => {
    const drawn = figure.draw(
      FIGURE_ROWS[Number(key) as keyof typeof FIGURE_ROWS],
      key === "14" ? { depths: [0.3, 1] } : {},
    );
    const { provenance, ...specification } = drawn;
    await expectFigureSnapshot(specification);
    expect(Object.keys(provenance ?? {}).length).toBeGreaterThan(0);
  });

  it.each(figures)("Figure %s refuses to draw nothing", (_, figure) => {
    expect(() => figure.draw([])).toThrow(`figure ${figure.number}: there are no rows to draw`);
  });
});

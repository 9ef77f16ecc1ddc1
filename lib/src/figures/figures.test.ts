import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PROJECT_ROOT } from "../support/project";
import { FIGURES } from "./figures";

const notebook = (name: string) => join(PROJECT_ROOT, "notebooks", `${name}.ipynb`);

describe("the registry of figures", () => {
  it("has every figure once, in the paper's order", () => {
    const numbers = FIGURES.map(({ number }) => Number.parseInt(number, 10));
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });

  it.each(FIGURES)("$name has its notebook, with its number, in the map", ({ number, name, notebook: file }) => {
    expect(name).toBe(`fig${number.match(/\d+/)?.[0].padStart(2, "0")}`);
    expect(existsSync(notebook(file))).toBe(true);
    const [first] = (JSON.parse(readFileSync(notebook(file), "utf8")) as { cells: { source: string[] }[] }).cells;
    expect(first.source.join("")).toMatch(new RegExp(`^# Figure ${number}\\b`));
    expect(readFileSync(notebook("00-start-here"), "utf8")).toContain(`(${file}.ipynb)`);
  });
});

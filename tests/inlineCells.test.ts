/** What a figure notebook computes in view: one prompt, from text to a picture, in its own cells; and how much notebooks have in common. */
import { join } from "node:path";
import ts from "@tslab/typescript-for-tslab";
import { describe, expect, test } from "vitest";
import { type Cell, hasTag, readNotebook } from "../lib/src/programs/runner/notebook";
import { listNotebooks } from "../lib/src/programs/runner/run";
import { PROJECT } from "./support/cli";

const notebooks = listNotebooks(join(PROJECT, "notebooks")).map(({ name, path }) => {
  const cells = readNotebook(path).cells.filter(({ cell_type }) => cell_type === "code");
  return { name, cells, inline: cells.filter((cell) => hasTag(cell, "inline")) };
});
// Figure 1 shows what happens to a text, before any model.
const figures = notebooks.filter(({ name }) => name.startsWith("fig") && !name.startsWith("fig01"));
const isThere = figures.some(({ inline }) => inline.length > 0);
if (!isThere) console.warn("NOT CHECKED: no notebook has cells with the tag inline");

/** Of all code lines apart from parameters, how many may stand in three notebooks or more. */
const LARGEST_SHARE = 0.4;

/** The names that a cell declares for the cells after it. */
function declared({ source }: Cell): string[] {
  const names: string[] = [];
  const add = (name: ts.BindingName): void => {
    if (ts.isIdentifier(name)) names.push(name.text);
    else for (const element of name.elements) if (!ts.isOmittedExpression(element)) add(element.name);
  };
  for (const statement of ts.createSourceFile("cell.ts", source, ts.ScriptTarget.ES2022, true).statements) {
    if (ts.isVariableStatement(statement)) for (const { name } of statement.declarationList.declarations) add(name);
    if ((ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name)
      add(statement.name);
  }
  return names;
}

/** Whether a cell gives `tg.show` a chart of its own: an object with data and layout. */
function drawsInView({ source }: Cell): boolean {
  let found = false;
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText() === "tg.show") {
      const [chart] = node.arguments;
      const keys =
        chart && ts.isObjectLiteralExpression(chart) ? chart.properties.map((one) => one.name?.getText()) : [];
      if (keys.includes("data") && keys.includes("layout")) found = true;
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("cell.ts", source, ts.ScriptTarget.ES2022, true));
  return found;
}

describe.skipIf(!isThere)("what is computed in view", () => {
  test.each(figures)("$name: a model, what it makes of a text, the quantity, a chart", ({ inline }) => {
    expect(inline.length).toBeGreaterThanOrEqual(3);
    const code = inline.map(({ source }) => source).join("\n");
    expect(code).toContain("await tg.loadModel(");
    expect(code).toMatch(/\.run\(\w+(\.text|\[0\]\.text)?, \{ tokens: FEW_TOKENS/);
    expect(code).toMatch(/\bhidden\b|\blogits\b/);
    expect(code).toMatch(/tg\.(neighbors|toMatrix|cosineSimilarity)\(/);
    expect(inline.filter(drawsInView).length).toBeGreaterThan(0);
    // Nothing that computes many prompts or draws the paper's figure by itself.
    expect(code).not.toMatch(/tg\.(runExperiment|study|showFigure|FIGURES|figure\d+)\b/);
  });

  test.each(figures)("$name: its cells stand before those of the paper's figure, after the parameters", ({ cells }) => {
    const places = cells.map((cell, place) => (hasTag(cell, "inline") ? place : -1)).filter((place) => place >= 0);
    const first = cells.findLastIndex((cell) => hasTag(cell, "parameters")) + 1;
    expect(places).toEqual(places.map((_, i) => first + i));
  });

  test.each(notebooks)("$name: no two cells declare the same name, so that they run in any order", ({ cells }) => {
    const names = cells.flatMap(declared);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  test("less than 40 % of all code lines stand in three notebooks or more", () => {
    const found = new Map<string, Set<string>>();
    const lines = notebooks.flatMap(({ name, cells }) =>
      cells
        .filter((cell) => !hasTag(cell, "parameters"))
        .flatMap(({ source }) => source.split("\n").map((line) => line.trim()))
        .filter((line) => /\w/.test(line) && !line.startsWith("//"))
        .map((line) => ({ line, name })),
    );
    for (const { line, name } of lines) found.set(line, (found.get(line) ?? new Set()).add(name));
    const common = lines.filter(({ line }) => found.get(line)!.size >= 3);
    expect(common.length / lines.length).toBeLessThan(LARGEST_SHARE);
    expect(common.length).toBeGreaterThan(0);
  });
});

import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FIGURES } from "../lib/src/figures/figures";
import { PROJECT_ROOT } from "../lib/src/machine/support/project";
import { hasOutputs, outputProblems } from "../lib/src/programs/report/committed";
import { VERDICT_TAG } from "../lib/src/programs/report/report";
import { hasTag, readNotebook } from "../lib/src/programs/runner/notebook";
import { notebookParameters } from "../lib/src/programs/runner/parameters";
import { listNotebooks } from "../lib/src/programs/runner/run";

const LARGEST = 300_000; // bytes

const notebooks = listNotebooks(join(PROJECT_ROOT, "notebooks")).map((file) => ({
  ...file,
  notebook: readNotebook(file.path),
}));
const cleared = notebooks.every(({ notebook }) => !hasOutputs(notebook));
if (cleared) console.warn("NOT CHECKED: no notebook carries outputs; `npm run figures -- --in-place` makes them");

/** Figure 1 shows how something is done: there is nothing to judge, and no model is run. */
const measuring = notebooks.filter(({ name }) => {
  return Object.values(FIGURES).some(({ number, notebook }) => notebook === name && number !== "1");
});

test.each(measuring)("$name: one text says how close we are, which the report takes", ({ notebook }) => {
  const verdicts = notebook.cells.filter((cell) => hasTag(cell, VERDICT_TAG));
  expect(verdicts.map(({ cell_type }) => cell_type)).toEqual(["markdown"]);
});

test("parameters of one name have one meaning: the same type in all notebooks of figures", () => {
  const types = new Map<string, Set<string>>();
  for (const { name, kind, itemKind } of measuring.flatMap(({ notebook }) => notebookParameters(notebook))) {
    types.set(name, (types.get(name) ?? new Set()).add(`${kind} ${itemKind ?? ""}`));
  }
  expect([...types].filter(([, kinds]) => kinds.size > 1)).toEqual([]);
  for (const { notebook } of measuring) {
    const names = notebookParameters(notebook).map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["MODELS", "PROMPT_SOURCE", "PROMPTS", "TOKENS", "BOS", "LEAVE_OUT", "BACKEND"]),
    );
  }
});

// As soon as one notebook carries outputs, all have to.
describe.skipIf(cleared)("the outputs that are kept with the notebooks", () => {
  test.each(notebooks)("$name: belong to its code (else: npm run figures -- --in-place)", ({ notebook }) => {
    expect(outputProblems(notebook)).toEqual([]);
  });

  test.each(notebooks)("$name: are small, static, and tell nothing of the machine", ({ path, notebook }) => {
    expect(statSync(path).size).toBeLessThan(LARGEST);
    const outputs = JSON.stringify(notebook.cells.map((cell) => cell.outputs));
    expect(outputs).not.toContain("<script");
    expect(outputs).not.toMatch(/[" '`](?:\/home\/|\/root\/|\/Users\/|\/tmp\/|[A-Z]:\\)/);
  });
});

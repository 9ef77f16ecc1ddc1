import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hasOutputs, outputProblems } from "../lib/src/report/committed";
import { readNotebook } from "../lib/src/runner/notebook";
import { listNotebooks } from "../lib/src/runner/run";
import { PROJECT_ROOT } from "../lib/src/support/project";

const LARGEST = 300_000; // bytes

const notebooks = listNotebooks(join(PROJECT_ROOT, "notebooks")).map((file) => ({
  ...file,
  notebook: readNotebook(file.path),
}));
const cleared = notebooks.every(({ notebook }) => !hasOutputs(notebook));
if (cleared) console.warn("NOT CHECKED: no notebook carries outputs; `npm run figures -- --in-place` makes them");

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

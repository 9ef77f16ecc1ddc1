import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { codeCell, notebookOf, temporaryFolder } from "../../../../tests/support/notebooks";
import { UserError } from "../../machine/support/errors";
import {
  clearOutputs,
  formatNotebook,
  normalizeNotebook,
  parseNotebook,
  readNotebook,
  writeNotebook,
} from "./notebook";

// As Jupyter writes it: keys sorted, indent of one space, text as lines, a line feed at the end.
const FILE = `{
 "cells": [
  {
   "cell_type": "markdown",
   "id": "a1",
   "metadata": {},
   "source": [
    "# Title\\n",
    "é"
   ]
  },
  {
   "cell_type": "code",
   "execution_count": 2,
   "id": "b2",
   "metadata": {
    "tags": [
     "parameters"
    ]
   },
   "outputs": [
    {
     "name": "stdout",
     "output_type": "stream",
     "text": [
      "one\\n",
      "two\\n"
     ]
    },
    {
     "data": {
      "application/vnd.plotly.v1+json": {
       "data": [
        "kept\\nas it is"
       ]
      },
      "image/png": "iVBORw0KGgo=",
      "text/html": [
       "<p>\\n",
       "</p>"
      ],
      "text/plain": [
       "one line"
      ]
     },
     "metadata": {},
     "output_type": "display_data"
    }
   ],
   "source": [
    "let N = 3;"
   ]
  }
 ],
 "metadata": {},
 "nbformat": 4,
 "nbformat_minor": 5
}
`;

describe("files", () => {
  test("a notebook that Jupyter wrote is read and written to the byte", () => {
    const path = join(temporaryFolder(), "a.ipynb");
    writeFileSync(path, FILE);
    const notebook = readNotebook(path);
    expect(notebook.cells[0].source).toBe("# Title\né");
    expect(notebook.cells[1].outputs?.[0]).toMatchObject({ name: "stdout", text: "one\ntwo\n" });
    writeNotebook(path, notebook);
    expect(readFileSync(path, "utf8")).toBe(FILE);
  });

  test("cells of an older notebook get ids, the same at every reading", () => {
    const old = JSON.parse(FILE);
    old.nbformat_minor = 4;
    for (const cell of old.cells) delete cell.id;
    const read = parseNotebook(JSON.stringify(old), "old.ipynb");
    expect(read.cells.map((cell) => cell.id)).toEqual(["cell-1", "cell-2"]);
    expect(read.nbformat_minor).toBe(5);
  });

  test.each([
    ["cut short", FILE.slice(0, 200), /a\.ipynb: damaged notebook, not valid JSON/],
    ["another format", FILE.replace('"nbformat": 4', '"nbformat": 3'), /notebook format 3 is not supported/],
    ["a format that is no text", '{"nbformat": {"toString": 1}}', /notebook format \{"toString":1\} is not supported/],
    ["nesting without end", `[${"[".repeat(1e5)}${"]".repeat(1e5)}]`, /nested deeper than 200 levels/],
    ["a list", "[]", /it holds no JSON object/],
    ["no cells", '{"nbformat": 4}', /it has no list of cells/],
    ["a cell of an unknown type", FILE.replace('"markdown"', '"heading"'), /cell 1 has the type "heading"/],
    ["a cell without text", FILE.replace('"source": [\n    "let N = 3;"\n   ]', '"source": 7'), /cell 2 has no source/],
    ["an id twice", FILE.replace('"b2"', '"a1"'), /cell 2 has the same id as a cell before it \(a1\)/],
    ["tags that are no list", FILE.replace(/\[\s*"parameters"\s*\]/, '"parameters"'), /the tags of cell 2 are no list/],
  ])("%s: refused with the reason", (_, text, message) => {
    const read = () => parseNotebook(text, "a.ipynb");
    expect(read).toThrow(UserError);
    expect(read).toThrow(message);
  });

  test("a file that is no text is refused", () => {
    const path = join(temporaryFolder(), "a.ipynb");
    writeFileSync(path, Buffer.from([0x7b, 0xff, 0x7d]));
    expect(() => readNotebook(path)).toThrow("a.ipynb: damaged notebook (it is not UTF-8 text)");
  });

  test("a missing file is named", () => {
    expect(() => readNotebook("nowhere/x.ipynb")).toThrow(new UserError("nowhere/x.ipynb: no such file"));
  });
});

describe("what is committed", () => {
  test("normalizing drops what differs from one editor to the next and keeps tags", () => {
    const cell = codeCell("let N = 1;", "parameters");
    const noisy = notebookOf({ ...cell, metadata: { ...cell.metadata, collapsed: true, vscode: { languageId: "x" } } });
    noisy.metadata = { language_info: { name: "typescript", version: "9" }, widgets: {}, title: "T" };
    const normal = normalizeNotebook(noisy);
    expect(normal.cells[0].metadata).toEqual({ tags: ["parameters"] });
    expect(Object.keys(normal.metadata).sort()).toEqual(["kernelspec", "language_info", "title"]);
    expect(normal.metadata.kernelspec).toMatchObject({ name: "tslab", language: "typescript" });
    expect(formatNotebook(normalizeNotebook(normal))).toBe(formatNotebook(normal));
  });

  test("clearing removes results and nothing else", () => {
    const cleared = clearOutputs(parseNotebook(FILE, "a.ipynb"));
    expect(cleared.cells[1]).toMatchObject({ outputs: [], execution_count: null, source: "let N = 3;" });
    expect(cleared.cells[0].source).toBe("# Title\né");
  });
});

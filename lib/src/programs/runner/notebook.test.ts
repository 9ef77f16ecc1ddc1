import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { codeCell, notebookOf, temporaryFolder } from "../../../../tests/support/notebooks";
import { UserError } from "../../machine/support/errors";
import {
  cellsToRun,
  clearOutputs,
  foreignLanguage,
  formatNotebook,
  normalizeNotebook,
  parseNotebook,
  readNotebook,
  writeNotebook,
} from "./notebook";
import { prepareNotebooks } from "./run";

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
    ["tags that are no list", FILE.replace(/\[\s*"parameters"\s*\]/, '"parameters"'), /the tags of cell 2 are no list/],
  ])("%s: refused with the reason", (_, text, message) => {
    const read = () => parseNotebook(text, "a.ipynb");
    expect(read).toThrow(UserError);
    expect(read).toThrow(message);
  });

  test("copied cells, and those with bad ids, get new ids and a note", () => {
    const [cell] = JSON.parse(FILE).cells;
    const ids = ["a", "a", "cell-3", "a", "has space", "", 7, "x".repeat(65), "x".repeat(64), undefined];
    const notes: string[] = [];
    const text = JSON.stringify({
      cells: ids.map((id) => ({ ...cell, id })),
      metadata: {},
      nbformat: 4,
      nbformat_minor: 5,
    });
    const read = parseNotebook(text, "a.ipynb", (line) => notes.push(line));
    const found = read.cells.map(({ id }) => id);
    expect(found.slice(0, 5)).toEqual(["a", "cell-2", "cell-3", "cell-4", "cell-5"]);
    expect(found.slice(8)).toEqual(["x".repeat(64), "cell-10"]);
    expect(new Set(found).size).toBe(ids.length);
    expect(found.every((id) => /^[\w-]{1,64}$/.test(id))).toBe(true);
    expect(parseNotebook(text, "a.ipynb").cells.map(({ id }) => id)).toEqual(found);
    expect(notes).toHaveLength(6);
    expect(notes[0]).toBe("a.ipynb: cell 2 has the same id as a cell before it (a); it is cell-2 now");
    expect(notes[2]).toBe("a.ipynb: cell 5 has a bad id; it is cell-5 now");
  });

  test("raw cells, attachments, and what is not there", () => {
    const [image, format] = [{ "a.png": { "image/png": "aa" } }, { format: "text/html", raw_mimetype: "text/html" }];
    const cells = [
      { cell_type: "raw", id: "r", metadata: format, source: ["<b>\n", "x"], attachments: image },
      { cell_type: "code", id: "c", metadata: {}, source: "1" },
      { cell_type: "markdown", source: "![](attachment:a.png)", attachments: image },
    ];
    const read = normalizeNotebook(parseNotebook(JSON.stringify({ cells, nbformat: 4, nbformat_minor: 5 }), "a.ipynb"));
    expect(read.cells[0]).toEqual({ ...cells[0], source: "<b>\nx" });
    expect(read.cells[1]).toMatchObject({ outputs: [], execution_count: null });
    expect(read.cells[2]).toMatchObject({ id: "cell-3", attachments: image, metadata: {} });
    expect(cellsToRun(read).map(({ id }) => id)).toEqual(["c"]);
    expect(formatNotebook(read)).toContain('"attachments"');
  });

  test.each([
    [{ kernelspec: { name: "python3", display_name: "Python 3", language: "python" } }, "python"],
    [{ language_info: { name: "R" } }, "R"],
    [{ kernelspec: { name: "julia-1.9" } }, "julia-1.9"],
    [{ kernelspec: { name: "tslab", language: "typescript" } }, undefined],
    [{ kernelspec: { name: "jslab" }, language_info: { name: "javascript" } }, undefined],
    [{ kernelspec: null, language_info: 3 }, undefined],
    [{}, undefined],
  ])("of the metadata %j the language is refused: %s", (metadata, language) => {
    const path = join(temporaryFolder(), "other.ipynb");
    writeFileSync(path, JSON.stringify({ cells: [], metadata, nbformat: 4, nbformat_minor: 5 }));
    expect(foreignLanguage(readNotebook(path))).toBe(language);
    const prepare = () => prepareNotebooks([{ name: "other", path }], new Map());
    if (language === undefined) expect(prepare()).toHaveLength(1);
    else
      expect(prepare).toThrow(
        new UserError(`${path}: a notebook in ${language}; those in TypeScript or JavaScript run here`),
      );
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

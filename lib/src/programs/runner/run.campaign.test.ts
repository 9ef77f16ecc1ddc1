import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { codeCell, saveNotebook, temporaryFolder } from "../../../../tests/support/notebooks";
import { UserError } from "../../machine/support/errors";
import { PROJECT_ROOT } from "../../machine/support/project";
import { foldersOf } from "./folder";
import { readNotebook } from "./notebook";
import { cellError, listNotebooks, prepareNotebooks, runNotebook, selectNotebooks } from "./run";

describe("selection", () => {
  const known = [
    "00-start-here",
    "fig02-cosine-similarity",
    "fig03-intrinsic-dimension",
    "fig13-neighborhood-overlap",
  ].map((name) => ({ name, path: join("notebooks", `${name}.ipynb`) }));
  const select = (...words: string[]) => selectNotebooks(known, words).map(({ name }) => name.slice(0, 5));

  test.each([
    [[], ["00-st", "fig02", "fig03", "fig13"]],
    [["fig03"], ["fig03"]],
    [
      ["FIG03", "fig02"],
      ["fig02", "fig03"],
    ],
    [["fig2"], ["fig02"]],
    [
      ["figure-13", "Fig003"],
      ["fig03", "fig13"],
    ],
    [["intrinsic-dimension"], ["fig03"]],
    [["overlap"], ["fig13"]],
    [["start"], ["00-st"]],
    [["notebooks/fig02-cosine-similarity.ipynb"], ["fig02"]],
  ])("%j stands for %j", (words, names) => {
    expect(select(...words)).toEqual(names);
  });

  test("a word that stands for none is an error with what may have been meant, and lists the known ones", () => {
    expect(() => select("fig02", "fig99")).toThrow(
      new UserError(
        `there is no notebook "fig99"; did you mean fig02?; known are: ${known.map(({ name }) => name).join(", ")}`,
      ),
    );
  });

  // Starts, ends and numbers that are no figure's, and names that are nothing but alike.
  test.each([["fig0"], ["fig1"], ["fig20"], ["fig"], ["fi"], ["02"], ["intrinsic-dim"], ["dimensions"], ["-"], [""]])(
    "%j stands for none",
    (word) => expect(() => select(word)).toThrow(/there is no notebook/),
  );

  test("a path at which nothing is stands for no notebook of that name", () => {
    expect(() => select("elsewhere/fig02-cosine-similarity.ipynb")).toThrow(/^elsewhere.*: no such notebook/);
    expect(() => select("/nowhere/fig02")).toThrow(/no such notebook/);
    expect(select("notebooks/fig02")).toEqual(["fig02"]);
  });

  test("notebooks of one name are told apart by their folders, and one that is named twice runs once", () => {
    const folder = temporaryFolder();
    const paths = ["a", "b"].map((run) => {
      mkdirSync(join(folder, run));
      return saveNotebook(join(folder, run), "mine", "1");
    });
    const chosen = selectNotebooks(known, [...paths, join(folder, "b/../a/mine.ipynb")]);
    expect(chosen.map(({ name }) => name)).toEqual(["a-mine", "b-mine"]);
    const copy = saveNotebook(folder, "fig03-intrinsic-dimension", "1");
    const names = selectNotebooks(known, ["fig3", copy]).map(({ name }) => name);
    expect(names).toEqual(["fig03-intrinsic-dimension", `${basename(folder)}-fig03-intrinsic-dimension`]);
  });

  test("a notebook anywhere can be named by its path", () => {
    const folder = temporaryFolder();
    const path = saveNotebook(folder, "fig02", "1");
    expect(selectNotebooks(known, [path])).toEqual([{ name: "fig02", path }]);
    expect(listNotebooks(folder)).toEqual([{ name: "fig02", path }]);
    expect(() => listNotebooks(join(folder, "none"))).toThrow("no such folder");
  });
});

describe("parameters of several notebooks", () => {
  const folder = () => {
    const path = temporaryFolder();
    saveNotebook(path, "a", codeCell('let MODEL = "m";\nlet N = 3;', "parameters"));
    saveNotebook(path, "b", codeCell('let MODEL = "m";', "parameters"));
    saveNotebook(path, "c", "let N = 3;");
    return listNotebooks(path);
  };

  test("go to those that know them", () => {
    const settings = new Map([
      ["N", "5"],
      ["MODEL", "other"],
    ]);
    const [a, b, c] = prepareNotebooks(folder(), settings).map(({ notebook }) =>
      notebook.cells.map((cell) => cell.source),
    );
    expect(a[1]).toContain('MODEL = "other";\n  N = 5;');
    expect(b[1]).toContain('MODEL = "other";');
    expect(b[1]).not.toContain("N =");
    expect(c).toHaveLength(1);
  });

  test("that none knows are an error that lists the known ones with their defaults", () => {
    expect(() => prepareNotebooks(folder(), new Map([["PROMPT", "5"]]))).toThrow(
      new UserError('unknown parameter PROMPT; known are: MODEL = "m", N = 3 (a); MODEL = "m" (b)'),
    );
    expect(() => prepareNotebooks(folder().slice(2), new Map([["N", "5"]]))).toThrow("known are: none");
  });

  test("of the wrong type are an error that lists them too", () => {
    expect(() => prepareNotebooks(folder(), new Map([["N", "five"]]))).toThrow(
      new UserError('parameter N must be a number, not "five"; the parameters are: MODEL = "m", N = 3 (a)'),
    );
  });
});

describe("execution", () => {
  const run = async (cells: Parameters<typeof saveNotebook>[2][], settings = new Map<string, string>()) => {
    const folder = temporaryFolder();
    saveNotebook(folder, "example", ...cells);
    const [file] = prepareNotebooks(listNotebooks(folder), settings);
    const seen: string[] = [];
    const onCell = (number: number, count: number) => seen.push(`${number}/${count}`);
    const result = await runNotebook(file.notebook, { outFolder: folder, onCell });
    return { file, folder, seen, ...result };
  };

  test("runs all cells with the parameters of this run, and lets a cell fail that says so", async () => {
    const text = { cell_type: "markdown" as const, metadata: {}, source: "# Title" };
    const cells = [
      text,
      codeCell("let N: number = 2;\nlet NAMES = ['a'];", "parameters"),
      codeCell("  \n"),
      codeCell('throw new Error("on purpose");', "raises-exception"),
      codeCell("console.log(process.env.TOKEN_GEOMETRY_OUT);\nNAMES.length * N"),
    ];
    const settings = new Map([
      ["N", "5"],
      ["NAMES", "x,y,z"],
    ]);
    const { notebook, failure, seen, folder } = await run(cells, settings);
    expect(failure).toBeUndefined();
    expect(seen).toEqual(["1/4", "2/4", "3/4", "4/4"]);
    expect(notebook.cells.map((cell) => cell.execution_count)).toEqual([undefined, 1, 2, null, 3, 4]);
    expect(notebook.cells[2].outputs).toEqual([]);
    expect(notebook.cells[4].outputs).toMatchObject([{ name: "stderr" }]);
    expect(notebook.cells[5].outputs).toEqual([{ output_type: "stream", name: "stdout", text: `${folder}\n15\n` }]);
  });

  test("stops at the first failure and says where and why", async () => {
    const { notebook, failure, file } = await run(["let a = 1;", '\n// why\nJSON.parse("null").x;', "a = 2;"]);
    expect(failure).toMatchObject({ cell: 2, cause: { kind: "runtime error" } });
    expect(notebook.cells.map((cell) => cell.execution_count)).toEqual([1, 2, null]);
    const error = cellError(file, failure!, "out/notebooks/example.ipynb");
    expect(error.message).toMatch(
      /example\.ipynb, cell 2 \(`JSON\.parse\("null"\)\.x;`\): runtime error: TypeError: Cannot read prop/,
    );
    expect(error.message).toContain("[executed up to there: out/notebooks/example.ipynb]");
    expect(error.message).not.toContain("\n");
    expect(error.stack).toMatch(/\n {4}at /);
  });

  test("cell tags: left out, and allowed to fail in any way that leaves the kernel alive", async () => {
    const old = { ...codeCell("throw 1;", "skip-execution", "raises-exception"), execution_count: 7 };
    const shown = [{ output_type: "stream" as const, name: "stdout" as const, text: "old" }];
    const { failure, notebook, seen } = await run([
      { ...old, outputs: shown },
      codeCell("const n: number = 'x';", "raises-exception"),
      codeCell("throw new Error('on purpose');", "raises-exception"),
      codeCell("void Promise.reject(new Error('late'));", "raises-exception"),
      codeCell("40 + 2", "raises-exception"),
    ]);
    expect(failure).toBeUndefined();
    expect(seen).toEqual(["1/4", "2/4", "3/4", "4/4"]);
    expect(notebook.cells[0]).toMatchObject({ execution_count: 7, outputs: shown });
    expect(notebook.cells[4].outputs).toMatchObject([{ name: "stdout", text: "42\n" }]);
    const dead = await run([codeCell("process.exit(3);", "raises-exception"), "1;"]);
    expect(dead.failure).toMatchObject({ cell: 1, cause: { kind: "kernel ended" } });
  });

  test("a parameter of this run is named where the cell that fails depends on it", async () => {
    const cells = [
      codeCell("let N: number = 2;\nlet KIND: 'a' | 'b' = 'a';", "parameters"),
      "const options = { n: N };",
      "if (options.n > 3) throw new Error('too many');",
    ];
    const ofRun = async (name: string, value: string) => {
      const folder = temporaryFolder();
      saveNotebook(folder, "example", ...cells);
      const [file] = prepareNotebooks(listNotebooks(folder), new Map([[name, value]]));
      const { failure } = await runNotebook(file.notebook, { outFolder: folder, parameters: { [name]: value } });
      return cellError(file, failure!, "out.ipynb").message;
    };
    expect(await ofRun("N", "5")).toMatch(/example\.ipynb, cell 4 \(N = 5\): runtime error: too many/);
    expect(await ofRun("KIND", "c")).toMatch(/example\.ipynb, cell 2 \(`KIND = "c";`\): type error/);
  });

  test("a notebook by its path runs in its own folder, with this library or without", async () => {
    for (const first of [
      'import * as tg from "token-geometry";\ntg.FIGURES;',
      'import { word } from "./helper";\nword',
    ]) {
      const folder = temporaryFolder();
      writeFileSync(join(folder, "beside.txt"), "beside it");
      writeFileSync(join(folder, "helper.ts"), 'export const word = "help";');
      const path = saveNotebook(
        folder,
        "own",
        first,
        'import { readFileSync } from "node:fs";\nreadFileSync("beside.txt", "utf8")',
      );
      const [file] = prepareNotebooks([{ name: "own", path }], new Map());
      const { notebook, failure } = await runNotebook(file.notebook, {
        outFolder: folder,
        ...foldersOf(path, file.notebook),
      });
      expect(failure).toBeUndefined();
      expect(notebook.cells.map((cell) => cell.execution_count)).toEqual([1, 2]);
      expect(notebook.cells[1].outputs).toMatchObject([{ text: "beside it\n" }]);
    }
    const own = join(PROJECT_ROOT, "notebooks", "fig03-intrinsic-dimension.ipynb");
    expect(foldersOf(own, readNotebook(own))).toEqual({});
  });

  test("a promise that fails while a later cell runs is charged to the cell that left it behind", async () => {
    const late = 'void new Promise((_, reject) => setTimeout(() => reject(new Error("too late")), 100));';
    const { failure } = await run([late, "await new Promise((resolve) => setTimeout(resolve, 400));"]);
    expect(failure).toMatchObject({ cause: { kind: "unhandled rejection" } });
    expect(failure?.cause.message).toContain("too late");
  });

  test("a notebook imports the library, with its types", async () => {
    const cells = [
      'import * as tg from "token-geometry";\nlet ids: number[] = [1, 2, 3, 4];',
      'tg.shuffleTokens(ids, 1, "seed").sort().join()',
    ];
    const good = await run(cells);
    expect(good.failure).toBeUndefined();
    expect(good.notebook.cells[1].outputs).toMatchObject([{ text: "1,2,3,4\n" }]);
    const bad = await run([cells[0], 'const text: string = tg.shuffleTokens(ids, 1, "seed");']);
    expect(bad.failure?.cause).toMatchObject({ kind: "type error" });
    expect(bad.failure?.cause.message).toContain("Type 'number[]' is not assignable to type 'string'");
  });
});

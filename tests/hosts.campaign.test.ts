/** The notebooks in programs of the Jupyter world, which run them as they are: docs/hosts.md. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { localJupyterPath, registerLocalKernel } from "../lib/src/programs/doctor/kernelSpec";
import { readNotebook, writeNotebook } from "../lib/src/programs/runner/notebook";
import { PROJECT } from "./support/cli";
import { findFrontEnd } from "./support/jupyterServer";
import { codeCell, notebookOf } from "./support/notebooks";

const programs = findFrontEnd("lab");
const hasPapermill = programs !== undefined && existsSync(join(programs, "papermill"));
if (!programs) console.warn("NOT TESTED: nbconvert and nbclient, for want of JupyterLab");
if (!hasPapermill) {
  if (process.env.TOKEN_GEOMETRY_EXPECT_PAPERMILL) throw new Error("papermill was to be tested, but is not there");
  console.warn("NOT TESTED: papermill and its package in integrations/papermill");
}

const FIGURE_1 = "notebooks/fig01-shuffling.ipynb";
const state = mkdtempSync(join(tmpdir(), "token-geometry-hosts-"));
afterAll(() => rmSync(state, { recursive: true, force: true }));

/** Runs a program in the project's folder, with this clone's kernel and nothing of this machine's user. */
function run(program: string, ...args: string[]) {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: `${programs}${delimiter}${process.env.PATH}`,
    JUPYTER_PATH: localJupyterPath(),
    JUPYTER_DATA_DIR: join(state, "data"),
    JUPYTER_CONFIG_DIR: join(state, "config"),
    JUPYTER_RUNTIME_DIR: join(state, "runtime"),
    TOKEN_GEOMETRY_OUT: join(state, "out"),
  };
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: PROJECT,
    env,
    encoding: "utf8",
    timeout: 300_000,
  });
  return { status, text: `${stdout}${stderr}` };
}

const codeCellsOf = (path: string) => readNotebook(path).cells.filter(({ cell_type }) => cell_type === "code");

/** All that the cells of a notebook show, as JSON. */
const outputsOf = (path: string) => JSON.stringify(codeCellsOf(path).map(({ outputs }) => outputs));

beforeAll(() => void registerLocalKernel());

describe.skipIf(!programs)("without parameters", () => {
  test("nbconvert", () => {
    const { status, text } = run(
      "jupyter-nbconvert", "--execute", "--to", "notebook", "--output-dir", state, "--output", "converted.ipynb", FIGURE_1,
    ); // biome-ignore format: as one types it
    expect({ status, text }).toMatchObject({ status: 0 });
    expect(outputsOf(join(state, "converted.ipynb"))).toContain("fig01.svg");
  });

  test("nbclient", () => {
    const { status, text } = run("jupyter-execute", "--output", join(state, "executed.ipynb"), FIGURE_1);
    expect({ status, text }).toMatchObject({ status: 0 });
    expect(outputsOf(join(state, "executed.ipynb"))).toContain("fig01.svg");
  });

  test.skipIf(!hasPapermill)("papermill", () => {
    const { status, text } = run("papermill", "--no-progress-bar", FIGURE_1, join(state, "milled.ipynb"));
    expect({ status, text }).toMatchObject({ status: 0 });
  });
});

describe.skipIf(!hasPapermill)("papermill with the package in integrations/papermill", () => {
  const notebook = join(state, "sum.ipynb");
  writeNotebook(notebook, {
    ...notebookOf(
      codeCell('let N = 2; // how many\nlet WORDS: string[] = ["a"];\nlet SCALE = 1;\nlet ON = false;', "parameters"),
      "`${N * SCALE} ${WORDS.join('+')} ${ON}`",
    ),
    metadata: readNotebook(join(PROJECT, FIGURE_1)).metadata,
  });
  const papermill = (output: string, ...args: string[]) =>
    run("papermill", "--no-progress-bar", "--engine", "token_geometry", notebook, join(state, output), ...args);

  test("sets numbers, texts, lists and what is true or false", () => {
    const words = 'WORDS: ["é \\"quoted\\"", "back\\\\slash", "line\\nend"]';
    const { status, text } = papermill(
      "set.ipynb",
      "-p",
      "N",
      "21",
      "-p",
      "SCALE",
      "-0.5",
      "-p",
      "ON",
      "True",
      "-y",
      words,
    );
    expect({ status, text }).toMatchObject({ status: 0 });
    const last = readNotebook(join(state, "set.ipynb")).cells.at(-1)!.outputs![0];
    expect(last).toMatchObject({ text: `-10.5 é "quoted"+back\\slash+line\nend true\n` });
    expect(codeCellsOf(join(state, "set.ipynb")).map((cell) => cell.execution_count)).toEqual([1, 2, 3]);
  });

  test.each([
    ["a name that is none", ["-p", "M", "1"], "Cannot find name 'M'."],
    ["a word for a number", ["-p", "N", "many"], "Type 'string' is not assignable to type 'number'."],
  ])("%s: the message is papermill's own", (_, args, message) => {
    const { status, text } = papermill("failed.ipynb", ...args);
    expect(status).not.toBe(0);
    expect(text).toMatch(/Exception encountered at "In \[2\]"/);
    expect(text).toContain(message);
  });

  test("lists parameters with what they mean", () => {
    const { text } = run("papermill", "--help-notebook", notebook);
    expect(text).toMatch(/N: Unknown type \(default 2\)\s+how many/);
    expect(text).toMatch(/WORDS: string\[\] \(default \["a"\]\)/);
  });
});

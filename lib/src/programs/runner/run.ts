import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { distinctNames } from "../../machine/support/distinctNames";
import { UserError } from "../../machine/support/errors";
import { didYouMean } from "../../machine/support/nearest";
import { placeOf } from "../../machine/support/place";
import { blamed } from "./blame";
import type { Compiler } from "./compiler";
import { asynchronousFailure, type CellFailure } from "./failure";
import type { NotebookFolders } from "./folder";
import { type Execution, Kernel } from "./kernel";
import {
  type Cell,
  cellsToRun,
  foreignLanguage,
  hasTag,
  type Notebook,
  normalizeNotebook,
  readNotebook,
} from "./notebook";
import { convertValue, injectParameters, notebookParameters, type ParameterValue } from "./parameters";

/** A notebook and where it comes from. */
export interface NotebookFile {
  /** File name without `.ipynb`, and what is above it where that tells it apart from another one. */
  name: string;
  path: string;
}

/** A notebook that is read, with the parameters of this run. */
export type PreparedNotebook = NotebookFile & {
  notebook: Notebook;
  /** Names that were set and that it does not declare. */
  missing: string[];
};

/** How notebooks are executed. */
export interface RunOptions extends NotebookFolders {
  /** Told to the notebook as the environment variable TOKEN_GEOMETRY_OUT: where it puts its figures. */
  outFolder: string;
  /** What was set of its parameters, as it was typed. */
  parameters?: Readonly<Record<string, string>>;
  /** Limit for each cell; 0 or nothing: none. */
  timeoutSeconds?: number;
  /** Compiles the cells; without one the kernel does it, which takes it some seconds. */
  compiler?: Compiler;
  /** Environment variables of the kernel besides this process's own. */
  environment?: Record<string, string>;
  /** Once it is aborted no further cell is begun; end the kernels yourself. */
  signal?: AbortSignal;
  /** Told before each code cell that runs: which of how many. */
  onCell?: (number: number, count: number) => void;
}

/** What came of executing a notebook. */
export interface RunResult {
  /** With the outputs of all cells that ran. */
  notebook: Notebook;
  seconds: number;
  /** The first failure, which ended the run, and the line or parameter at which it is. */
  failure?: { cell: number; at: string; cause: CellFailure };
}

/** The notebooks of a folder, in the order of their names. @throws UserError if there is no such folder */
export function listNotebooks(folder: string): NotebookFile[] {
  if (!existsSync(folder)) throw new UserError(`${folder}: no such folder of notebooks`);
  return readdirSync(folder)
    .filter((file) => file.endsWith(".ipynb"))
    .sort()
    .map((file) => ({ name: basename(file, ".ipynb"), path: join(folder, file) }));
}

/**
 * The notebooks that words stand for, each once, in the order of `known`, then those that are elsewhere; without words: all.
 * A word is a figure ("fig03", "fig3"), a notebook's name, whole parts of it between dashes, or the path of any notebook.
 *
 * @returns names that differ
 * @throws UserError listing the known notebooks if a word stands for none
 */
export function selectNotebooks(known: NotebookFile[], words: string[]): NotebookFile[] {
  if (words.length === 0) return known;
  const selected = new Set<NotebookFile>();
  const others = new Map<string, string>();
  for (const word of words) {
    if (word.endsWith(".ipynb") && existsSync(word)) {
      const place = placeOf(word);
      const own = known.find(({ path }) => placeOf(path) === place);
      if (own) selected.add(own);
      else if (!others.has(place)) others.set(place, word);
      continue;
    }
    const isElsewhere =
      /[\\/]/.test(word) && !known.some(({ path }) => resolve(dirname(path)) === resolve(dirname(word)));
    if (isElsewhere) throw new UserError(`${word}: no such notebook (.ipynb)`);
    const found = known.filter(({ name }) => standsFor(basename(word, ".ipynb"), name));
    if (found.length === 0) throw new UserError(unknownNotebook(word, known));
    for (const file of found) selected.add(file);
  }
  const own = known.filter((file) => selected.has(file));
  const paths = [...others.values()];
  const names = distinctNames([...own.map(({ name }): [string] => [name]), ...paths.map(spellingsOf)]);
  return [...own, ...paths.map((path, i) => ({ name: names[own.length + i], path }))];
}

/** Whether a word is a figure's number or whole parts of a notebook's name. */
function standsFor(word: string, notebook: string): boolean {
  const number = /^fig(?:ure)?[-_ ]?0*(\d+)$/i.exec(word)?.[1];
  const parts = number === undefined ? word.toLowerCase() : `fig${number.padStart(2, "0")}`;
  return `-${notebook.toLowerCase()}-`.includes(`-${parts}-`);
}

function unknownNotebook(word: string, known: readonly NotebookFile[]): string {
  const names = known.map(({ name }) => name);
  const meant = didYouMean(
    basename(word, ".ipynb"),
    names.flatMap((name) => [name, ...name.split("-")]),
  );
  return `there is no notebook "${word}"${meant}; known are: ${names.join(", ") || "none"}`;
}

/** The name of a notebook's file, then with more and more of the folders that it is in. */
function spellingsOf(path: string): [string, ...string[]] {
  const name = basename(path, ".ipynb");
  const above = resolve(dirname(path))
    .split(sep)
    .filter((part) => part !== "");
  return [name, ...above.map((_, i) => [...above.slice(-1 - i), name].join("-"))];
}

/**
 * Reads notebooks, says what was put right in them, and puts parameters into those that declare them.
 *
 * @param settings what was typed, by parameter name
 * @throws UserError if a notebook is damaged or in another language, no notebook knows a name (the known ones are listed), or a value does not fit
 */
export function prepareNotebooks(files: NotebookFile[], settings: Map<string, string>): PreparedNotebook[] {
  const read = files.map((file) => {
    const raw = readNotebook(file.path, (line) => process.stderr.write(`note: ${line}\n`));
    const language = foreignLanguage(raw);
    if (language !== undefined) {
      throw new UserError(`${file.path}: a notebook in ${language}; those in TypeScript or JavaScript run here`);
    }
    const notebook = normalizeNotebook(raw);
    return { ...file, notebook, parameters: notebookParameters(notebook) };
  });
  for (const name of settings.keys()) {
    if (read.some(({ parameters }) => parameters.some((parameter) => parameter.name === name))) continue;
    const names = read.flatMap(({ parameters }) => parameters.map((parameter) => parameter.name));
    throw new UserError(`unknown parameter ${name}${didYouMean(name, names)}; known are: ${describeParameters(read)}`);
  }
  return read.map(({ parameters, ...file }) => {
    const values: Record<string, ParameterValue> = {};
    for (const parameter of parameters) {
      const text = settings.get(parameter.name);
      if (text === undefined) continue;
      try {
        values[parameter.name] = convertValue(parameter, text);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        const known = describeParameters([{ ...file, parameters }]);
        throw new UserError(`${error.message}; the parameters are: ${known}`, { cause: error });
      }
    }
    const missing = [...settings.keys()].filter((name) => !parameters.some((parameter) => parameter.name === name));
    return { ...file, notebook: injectParameters(file.notebook, values), missing };
  });
}

/** Executes a notebook in a kernel of its own. The kernel is gone when this returns or throws. */
export async function runNotebook(notebook: Notebook, options: RunOptions): Promise<RunResult> {
  const start = performance.now();
  // What a cell shows that is left out stays, as nbclient has it.
  const cells = notebook.cells.map((cell) =>
    cell.cell_type === "code" && !hasTag(cell, "skip-execution")
      ? { ...cell, outputs: [], execution_count: null }
      : { ...cell },
  );
  const result: RunResult = { notebook: { ...notebook, cells }, seconds: 0 };
  const toRun = cellsToRun(result.notebook);
  const failureAt = (index: number, cause: CellFailure) => {
    const at = blamed(toRun.slice(0, index + 1), cause, options.parameters ?? {});
    return { cell: cells.indexOf(toRun[index]) + 1, at, cause };
  };
  const { workingFolder, folder, signal } = options;
  const compiler = workingFolder === undefined ? options.compiler : undefined; // it finds packages in one folder
  const environment = { ...options.environment, TOKEN_GEOMETRY_OUT: resolve(options.outFolder) };
  const kernel = await Kernel.start({ workingFolder, environment, compiler });
  try {
    const executions: Execution[] = [];
    if (folder !== undefined) await kernel.enter(folder);
    for (const [index, cell] of toRun.entries()) {
      if (signal?.aborted) break;
      options.onCell?.(index + 1, toRun.length);
      const execution = await kernel.execute(cell.source, options.timeoutSeconds);
      executions.push(execution);
      cell.outputs = execution.outputs;
      cell.execution_count = execution.executionCount;
      const cause = execution.failure;
      if (cause && !mayFail(cell, cause)) {
        result.failure = failureAt(index, cause);
        break;
      }
    }
    if (!result.failure) await kernel.settle();
    // A promise may have failed after its cell was done, while a later one ran.
    for (const [index, { errorWrites }] of executions.entries()) {
      const cause = asynchronousFailure(errorWrites);
      if (!cause || result.failure || mayFail(toRun[index], cause)) continue;
      result.failure = failureAt(index, cause);
    }
  } finally {
    await kernel.shutdown();
  }
  result.seconds = (performance.now() - start) / 1000;
  return result;
}

/** Whether a cell says that it fails. A kernel that is gone, or was ended for its time, cannot go on (as in nbclient). */
function mayFail(cell: Cell, { kind }: CellFailure): boolean {
  return hasTag(cell, "raises-exception") && kind !== "time-out" && kind !== "kernel ended";
}

/** An error for a failed cell: one line; with a stack (printed if DEBUG is set) that holds all the kernel said. */
export function cellError(file: NotebookFile, failure: NonNullable<RunResult["failure"]>, executed: string): UserError {
  const { cell, at, cause } = failure;
  const where = `${displayPath(file.path)}, cell ${cell} (${at})`;
  const see = `executed up to there: ${displayPath(executed)}`;
  const error = new UserError(`${where}: ${cause.kind}: ${cause.message} [${see}]`);
  error.stack = `error: ${where}: ${cause.kind}\n${cause.detail}\n${see}`;
  return error;
}

/** A path for people: relative to the current folder if it lies in it. */
export function displayPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") || isAbsolute(short) ? resolve(path) : short;
}

function describeParameters(files: (NotebookFile & { parameters: { name: string; defaultText: string }[] })[]): string {
  const described = files
    .filter(({ parameters }) => parameters.length > 0)
    .map(({ name, parameters }) => {
      const list = parameters.map(
        (parameter) => `${parameter.name} = ${parameter.defaultText.replaceAll(/\s+/g, " ")}`,
      );
      return `${list.join(", ")} (${name})`;
    });
  return described.join("; ") || "none, since no cell is tagged `parameters`";
}

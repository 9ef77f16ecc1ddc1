import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Command, CommanderError } from "commander";
import { FIGURES } from "../../figures/figures";
import { reportError, UserError } from "../../machine/support/errors";
import { checkOutputFolder } from "../../machine/support/files";
import { placeOf } from "../../machine/support/place";
import { PROJECT_ROOT } from "../../machine/support/project";
import { sideBySide } from "../../machine/support/sideBySide";
import { committedNotebook } from "../report/committed";
import { Drawing } from "../report/drawing";
import { describeRun, withRunRecord } from "../report/run";
import { Compiler } from "../runner/compiler";
import { foldersOf } from "../runner/folder";
import { killAllKernels } from "../runner/kernelProcess";
import { cellsToRun, clearOutputs, normalizeNotebook, readNotebook, writeNotebook } from "../runner/notebook";
import { notebookParameters } from "../runner/parameters";
import {
  cellError,
  displayPath,
  listNotebooks,
  type NotebookFile,
  type PreparedNotebook,
  prepareNotebooks,
  runNotebook,
  selectNotebooks,
} from "../runner/run";
import { affordableNotebooks, shareOfMachine } from "../runner/sharedMachine";
import { ProgressLine } from "./progressLine";

interface Options {
  parameter: Map<string, string>;
  out: string;
  jobs?: number;
  timeout: number;
  list?: boolean;
  report?: boolean;
  inPlace?: boolean;
  clear?: boolean;
}

/** The command `npm run figures`: executes notebooks in the tslab kernel, without Jupyter. Sets the exit code. */
export async function main(argv: string[]): Promise<void> {
  const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
  for (const [signal, code] of Object.entries(signals)) {
    process.once(signal, () => {
      killAllKernels();
      process.stderr.write(`\nstopped by ${signal}; results that are in the store are kept: run again for the rest\n`);
      process.exit(code);
    });
  }
  try {
    const command = defineCommand();
    command.parse(argv, { from: "user" });
    await execute(command.args, command.opts<Options>(), argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) reportError(error);
    else if (error.exitCode !== 0) process.exitCode = 1; // commander has printed it
  }
}

function defineCommand(): Command {
  return new Command("npm run figures --")
    .description("Executes the notebooks and writes their figures, without Jupyter: each in a tslab kernel of its own.")
    .argument(
      "[notebook...]",
      "figures (fig03), names or whole parts of them, or paths; all notebooks if none is named",
    )
    .option("-p, --parameter <NAME=value>", "sets a parameter of the notebooks (repeatable)", addSetting, new Map())
    .option("--out <folder>", "where executed notebooks and figures go", "out")
    .option("--jobs <number>", `how many notebooks run at once (default: ${affordableNotebooks()})`, parseJobs)
    .option("--timeout <seconds>", "limit for each cell; 0: none", parseSeconds, 0)
    .option("--list", "only lists the notebooks and their parameters")
    .option("--report", "also writes the report on all executed notebooks, as is done when no notebook is named")
    .option("--in-place", "also writes them back to where they are, with static pictures")
    .option("--clear", "only removes the outputs from the notebooks, in place")
    .addHelpText("after", "\nExample: npm run figures -- fig03 -p MODELS=data/models/pythia-mini -p PROMPTS=8")
    .showSuggestionAfterError(false)
    .exitOverride();
}

async function execute(words: string[], options: Options, argv: readonly string[]): Promise<void> {
  const files = selectNotebooks(listNotebooks(join(PROJECT_ROOT, "notebooks")), words);
  if (options.list) return list(files);
  if (options.clear) {
    for (const { path } of files) writeNotebook(path, clearOutputs(normalizeNotebook(readNotebook(path))));
    return;
  }
  if (options.inPlace && options.parameter.size > 0) {
    throw new UserError("--in-place keeps notebooks at their defaults; leave out -p, or leave out --in-place");
  }
  if (files.length === 0) throw new UserError("there are no notebooks in notebooks/");
  const outFolder = folderOfOutputs(options.out, files);
  const notebooks = prepareNotebooks(files, options.parameter);
  for (const name of options.parameter.keys()) {
    const without = notebooks.filter(({ missing }) => missing.includes(name)).map((notebook) => notebook.name);
    if (without.length > 0) process.stderr.write(`note: ${name} is no parameter of ${without.join(", ")}\n`);
  }
  const drawing = new Drawing();
  try {
    const withReport = words.length === 0 || options.report === true;
    const failures = await executeNotebooks(notebooks, outFolder, options, describeRun(argv), withReport, drawing);
    console.log(`executed notebooks: ${displayPath(join(outFolder, "notebooks"))}`);
    await writeReport(outFolder, withReport, drawing);
    for (const failure of failures) reportError(failure);
  } finally {
    drawing.close();
  }
}

/** All pictures of it take a minute, which one who changes a notebook and runs it again does not want to wait for. */
async function writeReport(outFolder: string, isWanted: boolean, drawing: Drawing): Promise<void> {
  if (isWanted) {
    const report = await drawing.writeReport(outFolder);
    if (report.length > 0) console.log(`report: ${report.map(displayPath).join(", ")}`);
  } else if (existsSync(join(outFolder, "report"))) {
    console.log(`report: ${displayPath(join(outFolder, "report"))} is as it was; --report writes it again`);
  }
}

/** Where executed notebooks and figures go. @throws UserError if it cannot be written, or is where the notebooks come from */
function folderOfOutputs(out: string, files: readonly NotebookFile[]): string {
  if (out === "") throw new UserError("--out names no folder");
  checkOutputFolder(out);
  const executed = join(resolve(out), "notebooks");
  const own = files.find(({ path }) => placeOf(dirname(path)) === placeOf(executed));
  if (own) throw new UserError(`--out ${out}: ${displayPath(own.path)} would be replaced; name another folder`);
  return resolve(out);
}

/** What came of a notebook. */
interface Outcome {
  seconds: number;
  failure?: UserError;
}

/**
 * Executes notebooks, some at a time, and says in their order how long each has taken. One that fails does not keep the others
 * from running.
 *
 * @returns what went wrong, in the order of the notebooks
 */
async function executeNotebooks(
  notebooks: readonly PreparedNotebook[],
  outFolder: string,
  options: Options,
  run: ReturnType<typeof describeRun>,
  withReport: boolean,
  drawing: Drawing,
): Promise<UserError[]> {
  const failures: UserError[] = [];
  const jobs = Math.min(options.jobs ?? affordableNotebooks(), notebooks.length);
  const width = Math.max(...notebooks.map(({ name }) => name.length));
  const progress = new ProgressLine();
  const compiler = process.platform === "win32" ? undefined : new Compiler();
  for (const { notebook } of notebooks) compiler?.plan(cellsToRun(notebook).map(({ source }) => source));
  const parameters = Object.fromEntries(options.parameter);
  const share = shareOfMachine(jobs);
  const shared = { outFolder, parameters, timeoutSeconds: options.timeout, compiler };
  const execute = async (file: PreparedNotebook, signal: AbortSignal): Promise<Outcome> => {
    signal.addEventListener("abort", killAllKernels);
    const onCell = (number: number, count: number) => progress.show(file.name, `cell ${number} of ${count}`);
    progress.show(file.name, "starting");
    const folders = foldersOf(file.path, file.notebook);
    const environment = { ...share, ...(await drawing.environment(file.name)) };
    const running = runNotebook(file.notebook, { ...shared, ...folders, environment, signal, onCell });
    const { notebook, seconds, failure } = await running.finally(() => progress.remove(file.name));
    if (signal.aborted) return { seconds };
    const executed = join(outFolder, "notebooks", `${file.name}.ipynb`);
    if (failure) {
      writeNotebook(executed, notebook);
      return { seconds, failure: cellError(file, failure, executed) };
    }
    writeNotebook(executed, withRunRecord(notebook, { ...run, date: new Date().toISOString(), seconds, parameters }));
    if (withReport) drawing.prepare(executed);
    if (options.inPlace) writeNotebook(file.path, await committedNotebook(notebook, outFolder));
    return { seconds };
  };
  const say = ({ name }: PreparedNotebook, { seconds, failure }: Outcome): void => {
    progress.print(`${name.padEnd(width)}  ${seconds.toFixed(1).padStart(7)} s${failure ? ", failed" : ""}`);
    if (failure) failures.push(failure);
  };
  try {
    await sideBySide(notebooks, jobs, execute, say);
    return failures;
  } finally {
    progress.end();
    compiler?.close();
  }
}

function list(files: NotebookFile[]): void {
  for (const file of files) {
    const notebook = readNotebook(file.path);
    const figure = Object.values(FIGURES).find((entry) => entry.notebook === file.name);
    const headings = notebook.cells.map((cell) => /^#\s+(.*)/m.exec(cell.source)?.[1]);
    const title = figure ? `Figure ${figure.number}: ${figure.title}` : headings.find((text) => text !== undefined);
    console.log(title ? `${file.name}: ${title}` : file.name);
    for (const { name, defaultText } of notebookParameters(notebook)) console.log(`  -p ${name}=${defaultText}`);
  }
}

function addSetting(text: string, settings: Map<string, string>): Map<string, string> {
  const match = /^([A-Za-z_$][\w$]*)=(.*)$/s.exec(text);
  if (!match) throw new UserError(`-p ${text}: write -p NAME=value`);
  return new Map(settings).set(match[1], match[2]);
}

function parseJobs(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new UserError(`--jobs ${text}: write a whole number from 1 to 999`);
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  // Node's timers end at 2^31 ms.
  if (text.trim() !== "" && seconds >= 0 && seconds <= 2_000_000) return seconds;
  throw new UserError(`--timeout ${text}: write a number of seconds from 0 to 2000000`);
}

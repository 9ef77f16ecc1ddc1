import { join, resolve } from "node:path";
import { Command, CommanderError } from "commander";
import { committedNotebook } from "../report/committed";
import { describeRun, withRunRecord } from "../report/run";
import { writeReport } from "../report/write";
import { killAllKernels } from "../runner/kernelProcess";
import { clearOutputs, normalizeNotebook, readNotebook, writeNotebook } from "../runner/notebook";
import { notebookParameters } from "../runner/parameters";
import {
  cellError,
  displayPath,
  listNotebooks,
  type NotebookFile,
  prepareNotebooks,
  runNotebook,
  selectNotebooks,
} from "../runner/run";
import { reportError, UserError } from "../support/errors";
import { PROJECT_ROOT } from "../support/project";

interface Options {
  parameter: Map<string, string>;
  out: string;
  timeout: number;
  list?: boolean;
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
    .argument("[notebook...]", "names or parts of them, as in fig03; all notebooks if none is named")
    .option("-p, --parameter <NAME=value>", "sets a parameter of the notebooks (repeatable)", addSetting, new Map())
    .option("--out <folder>", "where executed notebooks and figures go", "out")
    .option("--timeout <seconds>", "limit for each cell; 0: none", parseSeconds, 0)
    .option("--list", "only lists the notebooks and their parameters")
    .option("--in-place", "also writes them back to where they are, with static pictures")
    .option("--clear", "only removes the outputs from the notebooks, in place")
    .addHelpText("after", "\nExample: npm run figures -- fig03 -p MODEL=data/models/pythia-mini -p PROMPTS=8")
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
  const outFolder = resolve(options.out);
  const notebooks = prepareNotebooks(files, options.parameter);
  const run = describeRun(argv);
  const width = Math.max(...files.map(({ name }) => name.length));
  for (const file of notebooks) {
    const label = file.name.padEnd(width);
    const progress = new ProgressLine(label);
    const onCell = (number: number, count: number) => progress.show(`cell ${number} of ${count}`);
    const running = runNotebook(file.notebook, { outFolder, timeoutSeconds: options.timeout, onCell });
    const result = await running.finally(() => progress.clear());
    const executed = join(outFolder, "notebooks", `${file.name}.ipynb`);
    if (result.failure) {
      writeNotebook(executed, result.notebook);
      throw cellError(file, result.failure, executed);
    }
    const parameters = Object.fromEntries(options.parameter);
    const record = { ...run, date: new Date().toISOString(), seconds: result.seconds, parameters };
    writeNotebook(executed, withRunRecord(result.notebook, record));
    if (options.inPlace) writeNotebook(file.path, await committedNotebook(result.notebook, outFolder));
    console.log(`${label}  ${result.seconds.toFixed(1).padStart(7)} s`);
  }
  console.log(`executed notebooks: ${displayPath(join(outFolder, "notebooks"))}`);
  const report = await writeReport(outFolder);
  if (report.length > 0) console.log(`report: ${report.map(displayPath).join(", ")}`);
}

function list(files: NotebookFile[]): void {
  for (const file of files) {
    const notebook = readNotebook(file.path);
    const title = notebook.cells.map((cell) => /^#\s+(.*)/m.exec(cell.source)?.[1]).find((text) => text !== undefined);
    console.log(title ? `${file.name}: ${title}` : file.name);
    for (const { name, defaultText } of notebookParameters(notebook)) console.log(`  -p ${name}=${defaultText}`);
  }
}

function addSetting(text: string, settings: Map<string, string>): Map<string, string> {
  const match = /^([A-Za-z_$][\w$]*)=(.*)$/s.exec(text);
  if (!match) throw new UserError(`-p ${text}: write -p NAME=value`);
  return new Map(settings).set(match[1], match[2]);
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  // Node's timers end at 2^31 ms.
  if (text.trim() !== "" && seconds >= 0 && seconds <= 2_000_000) return seconds;
  throw new UserError(`--timeout ${text}: write a number of seconds from 0 to 2000000`);
}

/** The line under the cursor that says what is being done, and for how long; in a terminal only. */
class ProgressLine {
  private readonly start = performance.now();
  private readonly timer: NodeJS.Timeout | undefined;
  private what = "starting";

  constructor(private readonly label: string) {
    if (process.stdout.isTTY) this.timer = setInterval(() => this.show(this.what), 1000);
    this.show(this.what);
  }

  show(what: string): void {
    this.what = what;
    const seconds = Math.floor((performance.now() - this.start) / 1000);
    if (this.timer) process.stdout.write(`\r\x1b[2K${this.label}  ${what}  ${seconds} s`);
  }

  clear(): void {
    if (!this.timer) return;
    clearInterval(this.timer);
    process.stdout.write("\r\x1b[2K");
  }
}

import { basename, join, resolve } from "node:path";
import { Command, CommanderError, Option } from "commander";
import { openStudy, type RecordedStudy, recordedFolder, recordedNames } from "../../machine/experiment/recordedStudy";
import { reportError, UserError } from "../../machine/support/errors";
import { checkOutputFolder } from "../../machine/support/files";
import { progressBar } from "../../machine/support/progressDisplay";
import { PROJECT_ROOT } from "../../machine/support/project";
import { checkStudy } from "./checkStudy";
import { RECORDING_PLAN, VARIANTS, type Variant } from "./recordingPlan";
import { recordModel } from "./recordModel";

interface RecordArguments {
  model?: string[];
  shuffles?: number[];
  variants?: Variant[];
  out?: string;
  store?: string;
  backend?: string;
  workers?: number;
  count?: number;
  tokens?: number;
  extend?: boolean;
  check?: boolean;
  sample: number;
  seed?: string;
}

/** How many differences of a unit are shown. */
const SHOWN = 5;

/** The command `npm run record`: makes the recorded studies, or checks them. Sets the exit code. */
export async function main(argv: string[]): Promise<void> {
  for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
    process.once(signal, () => {
      process.stderr.write(`\nstopped by ${signal}; finished units are in the store: run again for the rest\n`);
      process.exit(code);
    });
  }
  try {
    const command = defineCommand();
    command.parse(argv, { from: "user" });
    const options = command.opts<RecordArguments>();
    await (options.check ? check(options) : record(options, argv));
  } catch (error) {
    if (!(error instanceof CommanderError)) reportError(error);
    else if (error.exitCode !== 0) process.exitCode = 1; // commander has printed it
  }
}

function defineCommand(): Command {
  return new Command("npm run record --")
    .description(
      "Records what models give on the embedded prompts (data/recorded), by way of the store; or checks what is recorded.",
    )
    .option(
      "--model <models...>",
      `names of the plan, or any models (default: ${Object.keys(RECORDING_PLAN).join(", ")})`,
    )
    .option("--shuffles <list>", "only these shuffle indices of the plan, like 0,5", wholeNumbers)
    .addOption(new Option("--variants <names...>", "only these variants of the plan").choices([...VARIANTS]))
    .option("--out <folder>", "where studies are (default: $TOKEN_GEOMETRY_RECORDED or data/recorded of the project)")
    .option("--store <folder>", "where results are kept (default: $TOKEN_GEOMETRY_STORE or store/ of the project)")
    .option("--backend <name>", "see token-geometry run --help")
    .option("--workers <number>", "units measured at once", wholeNumber)
    .option("--count <number>", "for a try: only the first so many prompts", wholeNumber)
    .option("--tokens <number>", "for a try: of each prompt only so many tokens", wholeNumber)
    .option("--extend", "take what is recorded already, and measure only what the plan has besides")
    .option("--check", "compute a random sample anew and compare; exit code 1 if something differs")
    .option("--sample <number>", "with --check: how many units of each study", wholeNumber, 4)
    .option("--seed <text>", "with --check: of the choice (default: another one each time)")
    .showSuggestionAfterError(false)
    .exitOverride();
}

async function record(options: RecordArguments, argv: readonly string[]): Promise<void> {
  const out = folderOf(options);
  checkOutputFolder(out);
  const command = ["npm run record --", ...argv].join(" ");
  for (const model of options.model ?? Object.keys(RECORDING_PLAN)) {
    const path = await recordModel(model, { ...options, out, command, progress: progressBar });
    const { description, source } = openStudy(basename(path, ".json"), out)!;
    const { parts, table, lastToken } = description;
    const units = parts.reduce((sum, { prompts }) => sum + prompts.length, 0);
    const bytes = table.bytes + (lastToken?.bytes ?? 0);
    process.stdout.write(`${units} results of ${model}: ${source.file}, ${(bytes / 1e6).toFixed(2)} MB; ${path}\n`);
  }
}

async function check(options: RecordArguments): Promise<void> {
  const out = folderOf(options);
  const seed = options.seed ?? String(Date.now());
  const studies = studiesOf(out, options.model);
  let failed = 0;
  for (const { study, model } of studies) {
    const { name } = study.description.model;
    process.stdout.write(
      `${name}: ${Math.min(options.sample, study.units.length)} of ${study.units.length} results, --seed ${seed}\n`,
    );
    const { sample, backend, workers } = options;
    await checkStudy(study, { sample, seed, model, backend, workers }, ({ unit, numbers, differences }) => {
      const { bos, leaveOut } = unit.part;
      const special = [bos ? ", bos" : "", leaveOut > 0 ? `, leaveOut ${leaveOut}` : ""].join("");
      const verdict = differences.length === 0 ? "as recorded" : `${differences.length} differ`;
      process.stdout.write(`  ${unit.prompt}, S = ${unit.shuffleIndex}${special}: ${numbers} numbers, ${verdict}\n`);
      for (const line of differences.slice(0, SHOWN)) process.stdout.write(`    ${line}\n`);
      if (differences.length > 0) failed++;
    });
  }
  if (failed > 0) throw new UserError(`${failed} results are not as they were recorded`);
}

/** The studies to check, and the models to check them with: those of the plan that are recorded, or those that are named. */
function studiesOf(folder: string, models: readonly string[] | undefined): { study: RecordedStudy; model?: string }[] {
  const names = recordedNames(folder);
  if (names.length === 0) throw new UserError(`${folder}: nothing is recorded there`);
  if (!models) {
    const [planned, others] = [true, false].map((is) =>
      names.filter((name) => Object.hasOwn(RECORDING_PLAN, name) === is),
    );
    if (others.length > 0) process.stdout.write(`not checked without --model: ${others.join(", ")}\n`);
    return planned.map((name) => ({ study: openStudy(name, folder)! }));
  }
  return models.map((model) => {
    const name = model.replaceAll("\\", "/").split("/").filter(Boolean).at(-1)!;
    const study = openStudy(name, folder);
    if (!study) throw new UserError(`${folder}: ${name} is not recorded there; recorded are ${names.join(", ")}`);
    return { study, model };
  });
}

function folderOf({ out }: RecordArguments): string {
  return resolve(out ?? recordedFolder() ?? join(PROJECT_ROOT, "data/recorded"));
}

function wholeNumber(value: string): number {
  if (/^\d+$/.test(value) && Number(value) > 0) return Number(value);
  throw new UserError(`${value}: must be a whole number, 1 or more`);
}

function wholeNumbers(value: string): number[] {
  const parts = value.split(",").map((part) => part.trim());
  if (parts.every((part) => /^\d+$/.test(part))) return parts.map(Number);
  throw new UserError(`${value}: must be whole numbers with commas between them, like 0,5`);
}

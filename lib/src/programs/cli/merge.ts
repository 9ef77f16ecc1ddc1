import type { Command } from "commander";
import { mergeExperiment } from "../../machine/experiment/merge";
import { recordedUnits } from "../../machine/experiment/recordedUnits";
import { defaultStore } from "../../machine/support/project";
import { type ExperimentArguments, experimentOptions } from "./experimentOptions";
import { besideOutput } from "./options";
import { chosenExperiments } from "./status";

interface MergeArguments extends ExperimentArguments {
  out: string;
  store?: string[];
  manifest?: string[];
  allow?: string[];
  json?: boolean;
}

/** `token-geometry merge`: all results of an experiment in one file. */
export function mergeCommand(program: Command): void {
  const command = program
    .command("merge")
    .description(
      "Check every unit of an experiment and collect all in one file, which is the same to the byte however they were computed. The experiment is the store's only one, or that of --manifest, or the one that the options of run describe.",
    );
  experimentOptions(command)
    .requiredOption("--out <file>", "where the results go, as JSON; - for standard output")
    .option("--manifest <files...>", "manifests of the experiment (in the store's folder experiments/)")
    .option("--store <folders...>", "where results are kept (default: $TOKEN_GEOMETRY_STORE or store/ of the project)")
    .option("--allow <facts...>", "let parts differ in these, like node or device")
    .option("--json", "print what was written as JSON")
    .action(async (options: MergeArguments) => {
      const say = besideOutput(options.out, options.json);
      const stores = options.store ?? [defaultStore()];
      const experiments = await chosenExperiments(stores, options);
      const recorded = await recordedUnits(experiments.flatMap(({ models }) => models));
      const merged = mergeExperiment(stores, experiments, options.out, { allowed: options.allow, recorded });
      say.write(
        options.json
          ? `${JSON.stringify(merged)}\n`
          : `${merged.units} units, ${merged.bytes} bytes, SHA-256 ${merged.sha256}; ${merged.path}\n`,
      );
    });
}

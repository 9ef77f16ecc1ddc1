import type { Command } from "commander";
import { mergeExperiment } from "../../machine/experiment/merge";
import { type CollectArguments, collected, collectOptions } from "./collectOptions";
import { experimentOptions } from "./experimentOptions";
import { besideOutput } from "./options";

interface MergeArguments extends CollectArguments {
  out: string;
}

/** `token-geometry merge`: all results of an experiment in one file. */
export function mergeCommand(program: Command): void {
  const command = program
    .command("merge")
    .description(
      "Check every unit of an experiment and collect all in one file, which is the same to the byte however they were computed. The experiment is the store's only one, or that of --manifest, or the one that the options of run describe.",
    );
  experimentOptions(command).requiredOption("--out <file>", "where the results go, as JSON; - for standard output");
  collectOptions(command).action(async (options: MergeArguments) => {
    const say = besideOutput(options.out, options.json);
    const [stores, experiments, which] = await collected(options);
    const merged = mergeExperiment(stores, experiments, options.out, which);
    say.write(
      options.json
        ? `${JSON.stringify(merged)}\n`
        : `${merged.units} units, ${merged.bytes} bytes, SHA-256 ${merged.sha256}; ${merged.path}\n`,
    );
  });
}

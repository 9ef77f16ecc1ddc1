import type { Command } from "commander";
import type { CollectOptions } from "../../machine/experiment/collect";
import { recordedUnits } from "../../machine/experiment/recordedUnits";
import type { StoredExperiment } from "../../machine/experiment/storedExperiment";
import { defaultStore } from "../../machine/support/project";
import type { ExperimentArguments } from "./experimentOptions";
import { chosenExperiments } from "./status";

/** The options that say where the results of an experiment are, besides those that say which it is. */
export interface CollectArguments extends ExperimentArguments {
  store?: string[];
  manifest?: string[];
  allow?: string[];
  json?: boolean;
}

/** Adds these options; `merge` and `rows` have them in common. */
export function collectOptions(command: Command): Command {
  return command
    .option("--manifest <files...>", "manifests of the experiment (in the store's folder experiments/)")
    .option("--store <folders...>", "where results are kept (default: $TOKEN_GEOMETRY_STORE or store/ of the project)")
    .option("--allow <facts...>", "let parts differ in these, like node or device")
    .option("--json", "print what was written as JSON");
}

/** What is to be collected, by what the options say. @throws UserError if there is no experiment */
export async function collected(
  options: CollectArguments,
): Promise<[stores: string[], experiments: StoredExperiment[], options: CollectOptions]> {
  const stores = options.store ?? [defaultStore()];
  const experiments = await chosenExperiments(stores, options);
  const recorded = await recordedUnits(experiments.flatMap(({ models }) => models));
  return [stores, experiments, { allowed: options.allow, recorded }];
}

import { type CollectOptions, collectExperiment } from "../machine/experiment/collect";
import { coreMetricNames } from "../machine/experiment/entries";
import type { ExperimentResult, Origin, PromptResult } from "../machine/experiment/experiment";
import type { ListedUnit, StoredExperiment } from "../machine/experiment/storedExperiment";
import type { UnitResult } from "../machine/experiment/unit";
import { Study } from "./study";

/**
 * A study out of what stores have of an experiment: its model and prompts need not be there, and nothing is measured. Results
 * are read when their rows are asked for.
 *
 * @throws UserError as {@link collectExperiment}
 */
export function storedStudy(
  stores: readonly string[],
  experiments: readonly StoredExperiment[],
  options: CollectOptions = {},
): Study {
  const { experiment, units, origins, result } = collectExperiment(stores, experiments, options);
  const { manifest, source, facts } = experiment;
  // The rows of a prompt follow one another: one result at a time is enough.
  let last: { unit: ListedUnit; result: UnitResult } | undefined;
  const results = units.map((unit): PromptResult => {
    const { model, prompt, shuffleIndex } = unit;
    return {
      ...{ model, prompt, shuffleIndex },
      get result() {
        if (last?.unit !== unit) last = { unit, result: result(unit) };
        return last.result;
      },
    };
  });
  const recorded = units.filter((unit) => unit.recorded).length;
  return new Study({
    settings: facts.settings as ExperimentResult["settings"],
    results,
    resultOrigins: units.map(originsOf),
    ...{ computed: 0, reused: units.length - recorded, recorded, helped: 0, seconds: 0 },
    origins: origins.list(),
    manifestPath: source,
    manifest,
  });
}

/** Where what each metric says of a unit is from. */
function originsOf({ recorded, computed = [], further }: ListedUnit): Record<string, Origin> {
  const originOf = (name: string): Origin => (recorded && !computed.includes(name) ? "recorded" : "store");
  const names = [...coreMetricNames(), ...Object.keys(further)];
  return Object.fromEntries(names.map((name) => [name, originOf(name)]));
}

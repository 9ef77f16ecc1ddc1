import type { BackendChoice } from "../backend/backend";
import { type ProgressReporter, silentProgress } from "../support/progress";
import { defaultStore } from "../support/project";
import { isRecorded, planExperiment } from "./experimentPlan";
import { ExperimentRun } from "./experimentRun";
import { describeFindings, outdatedUnits } from "./findings";
import { removeLeftClaims } from "./lock";
import { manifestName } from "./manifest";
import { type ExperimentSettings, type FullSettings, type ModelPlan, withDefaults } from "./plan";
import { wishedWorkers } from "./pool";
import { Origins } from "./provenance";
import type { RecordedPlan } from "./recordedPlan";
import { noteShards, type Shard, unitsOfShard } from "./shard";
import { Store } from "./store";
import { type UnitResult, unitKey } from "./unit";

export interface ExperimentOptions {
  /** Folder of results; see {@link defaultStore}. */
  store?: string;
  progress?: ProgressReporter;
  /** See {@link chooseBackend}. */
  backend?: string;
  /**
   * How many units of work are measured at once, each in a process of its own; without it TOKEN_GEOMETRY_WORKERS counts,
   * and without that there are as many as there are cores where the work is long enough to pay for their start.
   */
  workers?: number;
  /** Only this part of the units; all without it. */
  shard?: Shard;
  /** Whether to compute, once the shard is done, what is left of the others: for workers that share a store. */
  helpOthers?: boolean;
}

/** Where a number comes from: computed now, found in the store, recorded in data/recorded, or published by the authors. */
export type Origin = "computed" | "store" | "recorded" | "published";

/** The result of one prompt in one order under one model. */
export interface PromptResult {
  /** Name of the model's folder, and what is above it where that tells it apart from another one. */
  model: string;
  prompt: string;
  shuffleIndex: number;
  result: UnitResult;
}

export interface ExperimentResult {
  settings: FullSettings;
  /** By which results are computed; undefined if all are recorded. */
  backend?: BackendChoice;
  /** By model, then prompt, then shuffle index, in the order of the settings. */
  results: PromptResult[];
  /** Of each of the results, where it comes from. */
  resultOrigins: Origin[];
  /** Units that were computed now, those that the store had, and those that are recorded. */
  computed: number;
  reused: number;
  recorded: number;
  /** Units of other shards that were computed now; their results are in the store only. */
  helped: number;
  /** Wall-clock time of the computed units. */
  seconds: number;
  /** By what the results were computed, which may have been others than this process: backend, device, versions. */
  origins: Record<string, unknown>[];
  /** The file that describes the experiment, and what it says. */
  manifestPath: string;
  manifest: Record<string, unknown>;
}

/**
 * Measures what is neither recorded nor in the store, and returns everything. A result is kept as soon as it is there, so that
 * nothing is lost if the run is stopped. A model whose weights do not fit into memory runs layer by layer for many
 * prompts at once, one block in memory at a time. Of a model whose results are all recorded, nothing is needed or loaded.
 *
 * @throws UserError if a model, a prompt or a setting is wrong, the store cannot be written, or a recorded file is damaged
 */
export async function runExperiment(
  settings: ExperimentSettings,
  options: ExperimentOptions = {},
): Promise<ExperimentResult> {
  const { store: folder = defaultStore(), progress = silentProgress, backend: wish, shard, workers } = options;
  const wished = wishedWorkers(workers);
  const planned = await planExperiment(withDefaults(settings), wish, progress);
  const { backend, models, manifest, settings: full } = planned;
  const store = new Store(folder);
  const left = { abandoned: removeLeftClaims(folder).size, unfinished: store.removeUnfinished() };
  // Written first: a store that cannot be written is found out before the work, not after it.
  const manifestPath = store.saveManifest(manifestName(manifest), manifest);
  if (shard) noteShards(folder, manifestName(manifest), shard);
  // After the manifest, which is that of the whole experiment, whoever computes which part of it.
  const all: unknown[] = models.flatMap(({ units }) => units as unknown[]);
  const mine = new Set(unitsOfShard(all, shard));
  const part = <Plan extends ModelPlan | RecordedPlan>(plan: Plan, own: boolean): Plan => {
    return { ...plan, units: (plan.units as unknown[]).filter((unit) => mine.has(unit) === own) };
  };
  const recorded = models.filter(isRecorded).map((plan) => part(plan, true));
  for (const { study, units } of recorded) await study.load(units);
  const computing = models.filter((plan): plan is ModelPlan => !isRecorded(plan));
  const own = computing.map((plan) => part(plan, true));
  const run = new ExperimentRun(full, backend, store, progress, own, wished);
  const recordedUnits = recorded.reduce((sum, { units }) => sum + units.length, 0);
  const started = performance.now();
  try {
    for (const plan of own) await run.measure(plan);
    if (run.total > 0) progress.update(run.total, run.total); // units are announced when they begin, the end of the last one is not
    // From the other end, since that is what the others come to last.
    if (options.helpOthers) for (const plan of computing.reverse()) await run.help(part(plan, false));
  } finally {
    await run.close();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const outdated = outdatedUnits(store, manifestPath, run.computedUnits);
    const again = describeFindings(run.findings({ ...left, outdated }));
    const helped = options.helpOthers ? `, ${run.helped} more for other shards` : "";
    const taken = recordedUnits > 0 ? `, ${recordedUnits} recorded` : "";
    progress.finish(`${run.computed} computed, ${run.reused} from the store${taken}${helped}, ${seconds} s${again}`);
  }
  const origins = new Origins([
    ...run.origins.list(),
    ...recorded.flatMap(({ study }) => study.description.computedBy),
  ]);
  const taken = models.flatMap((plan): [Origin, PromptResult][] =>
    isRecorded(plan)
      ? resultsOf(part(plan, true), (unit) => ["recorded", plan.study.resultOf(unit)])
      : resultsOf(part(plan, true), (unit) => [
          run.computedUnits.has(unitKey(unit.inputs)) ? "computed" : "store",
          run.found.get(unit)!,
        ]),
  );
  const { computed, reused, helped, seconds } = run;
  const counts = { computed, reused, recorded: recordedUnits, helped, seconds };
  const [results, resultOrigins] = [taken.map(([, result]) => result), taken.map(([origin]) => origin)];
  return {
    settings: full,
    backend,
    results,
    resultOrigins,
    ...counts,
    origins: origins.list(),
    manifestPath,
    manifest,
  };
}

function resultsOf<Unit extends { prompt: string; shuffleIndex: number }>(
  { name, units }: { name: string; units: readonly Unit[] },
  resultOf: (unit: Unit) => [Origin, UnitResult],
): [Origin, PromptResult][] {
  return units.map((unit) => {
    const { prompt, shuffleIndex } = unit;
    const [origin, result] = resultOf(unit);
    return [origin, { model: name, prompt, shuffleIndex, result }];
  });
}

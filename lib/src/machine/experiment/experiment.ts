import type { BackendChoice } from "../backend/backend";
import { type ProgressReporter, silentProgress } from "../support/progress";
import { defaultStore } from "../support/project";
import { coreMetricNames } from "./entries";
import { isRecorded, planExperiment } from "./experimentPlan";
import { ExperimentRun } from "./experimentRun";
import { describeFindings, outdatedUnits } from "./findings";
import { removeLeftClaims } from "./lock";
import { manifestName } from "./manifest";
import { type ExperimentSettings, type FullSettings, type ModelPlan, type PlannedUnit, withDefaults } from "./plan";
import { wishedWorkers } from "./pool";
import { type Origin, Origins } from "./provenance";
import type { RecordedPlan } from "./recordedPlan";
import { noteShards, type Shard, unitsOfShard } from "./shard";
import { Store } from "./store";
import { joinResults, type UnitResult } from "./unit";

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

export type { Origin };

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
  /** Of each of the results, where what each metric says is from, by the metric's name. */
  resultOrigins: Record<string, Origin>[];
  /** Units of which something was computed now, those that the store had, and those that are recorded. */
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
  const recorded = models.filter(isRecorded);
  for (const { units, rest } of recorded) {
    units.forEach((unit, i) => void (rest && mine.has(unit) && mine.add(rest.units[i])));
  }
  const part = <Plan extends ModelPlan | RecordedPlan>(plan: Plan, own: boolean): Plan => {
    return { ...plan, units: (plan.units as unknown[]).filter((unit) => mine.has(unit) === own) };
  };
  const taken = recorded.map((plan) => part(plan, true));
  for (const { study, units } of taken) await study.load(units);
  const computing = models.flatMap((plan) => (isRecorded(plan) ? (plan.rest ?? []) : plan));
  const own = computing.map((plan) => part(plan, true));
  const run = new ExperimentRun(full, backend, store, progress, own, wished);
  const recordedUnits = taken.reduce((sum, { units }) => sum + units.length, 0);
  const started = performance.now();
  try {
    for (const plan of own) await run.measure(plan);
    if (run.total > 0) progress.update(run.total, run.total); // units are announced when they begin, the end of the last one is not
    // From the other end, since that is what the others come to last.
    if (options.helpOthers) for (const plan of computing.reverse()) await run.help(part(plan, false));
  } finally {
    await run.close();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const outdated = outdatedUnits(store, manifestPath, run.kept.measuredUnits);
    const again = describeFindings(run.findings({ ...left, outdated }));
    const { computed, reused, helped } = run.kept;
    const others = options.helpOthers ? `, ${helped} more for other shards` : "";
    const found = recordedUnits > 0 ? `, ${recordedUnits} recorded` : "";
    progress.finish(`${computed} computed, ${reused} from the store${found}${others}, ${seconds} s${again}`);
  }
  const { computed, reused, helped, found } = run.kept;
  const origins = new Origins([
    ...run.kept.origins.list(),
    ...taken.flatMap(({ study }) => study.description.computedBy),
  ]);
  const results: PromptResult[] = [];
  const resultOrigins: ExperimentResult["resultOrigins"] = [];
  for (const plan of models) {
    plan.units.forEach((unit, i) => {
      if (!mine.has(unit)) return;
      const measured = isRecorded(plan) ? plan.rest?.units[i] : (unit as PlannedUnit);
      const fromStore = measured ? [found.get(measured)!] : [];
      const fromStudy = isRecorded(plan) ? [plan.study.resultOf(plan.units[i])] : [];
      const result = joinResults([...fromStudy, ...fromStore]) as UnitResult;
      results.push({ model: plan.name, prompt: unit.prompt, shuffleIndex: unit.shuffleIndex, result });
      const recordedNames = isRecorded(plan) ? [...coreMetricNames(), ...unit.further.map(({ name }) => name)] : [];
      resultOrigins.push({
        ...Object.fromEntries(recordedNames.map((name) => [name, "recorded"])),
        ...(measured && run.kept.originsOf(measured)),
      });
    });
  }
  return {
    settings: full,
    backend,
    results,
    resultOrigins,
    ...{ computed, reused, recorded: recordedUnits, helped, seconds: run.seconds },
    origins: origins.list(),
    manifestPath,
    manifest,
  };
}

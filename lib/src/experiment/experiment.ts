import { type BackendChoice, chooseBackend } from "../backend/backend";
import { type ProgressReporter, silentProgress } from "../support/progress";
import { defaultStore } from "../support/project";
import { ExperimentRun } from "./experimentRun";
import { describeFindings, outdatedUnits } from "./findings";
import { removeLeftClaims } from "./lock";
import { describeExperiment, manifestName } from "./manifest";
import { type ExperimentSettings, type FullSettings, type ModelPlan, planModel, withDefaults } from "./plan";
import { wishedWorkers } from "./pool";
import { noteShards, type Shard, unitsOfShard } from "./shard";
import { Store } from "./store";
import type { UnitResult } from "./unit";

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

/** The result of one prompt in one order under one model. */
export interface PromptResult {
  /** Name of the model's folder. */
  model: string;
  prompt: string;
  shuffleIndex: number;
  result: UnitResult;
}

export interface ExperimentResult {
  settings: FullSettings;
  backend: BackendChoice;
  /** By model, then prompt, then shuffle index, in the order of the settings. */
  results: PromptResult[];
  /** Units that were computed now, and those that the store had. */
  computed: number;
  reused: number;
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
 * Measures what the store does not have yet, and returns everything. A result is kept as soon as it is there, so that
 * nothing is lost if the run is stopped. A model whose weights do not fit into memory runs layer by layer for many
 * prompts at once, one block in memory at a time.
 *
 * @throws UserError if a model, a prompt or a setting is wrong, or the store cannot be written
 */
export async function runExperiment(
  settings: ExperimentSettings,
  options: ExperimentOptions = {},
): Promise<ExperimentResult> {
  const { store: folder = defaultStore(), progress = silentProgress, backend: wish, shard, workers } = options;
  const full = withDefaults(settings);
  const wished = wishedWorkers(workers);
  const backend = await chooseBackend(wish);
  const store = new Store(folder);
  const left = { abandoned: removeLeftClaims(folder).size, unfinished: store.removeUnfinished() };
  const plans: ModelPlan[] = [];
  for (const model of full.models) plans.push(await planModel(model, full, backend.name, progress));
  const manifest = describeExperiment(full, backend, plans);
  // Written first: a store that cannot be written is found out before the work, not after it.
  const manifestPath = store.saveManifest(manifestName(manifest), manifest);
  if (shard) noteShards(folder, manifestName(manifest), shard);
  // After the manifest, which is that of the whole experiment, whoever computes which part of it.
  const all = plans.flatMap(({ units }) => units);
  const mine = new Set(unitsOfShard(all, shard));
  const part = (own: boolean): ModelPlan[] =>
    plans.map((plan) => ({ ...plan, units: plan.units.filter((unit) => mine.has(unit) === own) }));
  const own = part(true);
  const run = new ExperimentRun(full, backend, store, progress, own, wished);
  const started = performance.now();
  try {
    for (const plan of own) await run.measure(plan);
    progress.update(run.total, run.total); // units are announced when they begin, the end of the last one is not
    // From the other end, since that is what the others come to last.
    if (options.helpOthers) for (const plan of part(false).reverse()) await run.help(plan);
  } finally {
    await run.close();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const outdated = outdatedUnits(store, manifestPath, run.computedUnits);
    const again = describeFindings(run.findings({ ...left, outdated }));
    const helped = options.helpOthers ? `, ${run.helped} more for other shards` : "";
    progress.finish(`${run.computed} computed, ${run.reused} from the store${helped}, ${seconds} s${again}`);
  }
  const { computed, reused, helped, seconds, found } = run;
  const origins = run.origins.list();
  const results = own.flatMap(({ checkpoint, units }) =>
    units.map((unit) => ({
      model: checkpoint.name,
      prompt: unit.prompt,
      shuffleIndex: unit.shuffleIndex,
      result: found.get(unit)!,
    })),
  );
  return { settings: full, backend, results, computed, reused, helped, seconds, origins, manifestPath, manifest };
}

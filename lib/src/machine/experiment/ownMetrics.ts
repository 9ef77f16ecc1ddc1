import { createHash } from "node:crypto";
import { LayerCloud } from "../../geometry/layerCloud";
import type { NamedMetric } from "../../geometry/metric";
import { loadNetwork, type Network } from "../../model/network";
import { type BackendChoice, chooseBackend } from "../backend/backend";
import { messageOf, UserError } from "../support/errors";
import { memoryBudget } from "../support/memory";
import { silentProgress } from "../support/progress";
import { defaultStore } from "../support/project";
import type { ExperimentOptions, Origin, PromptResult } from "./experiment";
import { HIDDEN_STATES_SHARE, WEIGHTS_SHARE } from "./experimentRun";
import { versions } from "./manifest";
import { measureMetrics } from "./measurePrompt";
import { passMetricNames } from "./passMetrics";
import {
  type ExperimentSettings,
  type ModelPlan,
  type PlannedUnit,
  planModel,
  unmeasuredTokens,
  withDefaults,
} from "./plan";
import { PlannedModels } from "./plannedModels";
import { asStored, Store } from "./store";
import { QUANTITIES } from "./tidyRows";
import type { UnitInputs } from "./unit";

/** The numbers of a metric at the layers 0..L of one prompt in one order. */
export interface OwnResult extends Omit<PromptResult, "result"> {
  metric: string;
  values: number[];
  origin: Origin;
}

/**
 * Measures what a user's own metrics say of every layer, prompt by prompt in this process, and keeps each metric of a prompt as
 * an entry of its own in the store: a new or changed metric computes itself alone, and leaves everything else as it is.
 *
 * @throws UserError as {@link runExperiment}, if a name is taken or no name at all, or a metric gives anything but a number
 */
export async function runOwnMetrics(
  settings: ExperimentSettings,
  metrics: readonly NamedMetric[],
  { store: folder = defaultStore(), progress = silentProgress, backend }: ExperimentOptions = {},
): Promise<OwnResult[]> {
  for (const metric of metrics) checkMetric(metric, metrics);
  const full = withDefaults(settings);
  const chosen = await chooseBackend(backend);
  const store = new Store(folder);
  const planned = new PlannedModels<ModelPlan>();
  for (const model of full.models) planned.add(model, await planModel(model, full, chosen.name, progress));
  const plans = planned.named();
  const total = plans.reduce((sum, { units }) => sum + units.length, 0);
  const results: OwnResult[] = [];
  let computed = 0;
  for (const plan of plans) {
    const work = new OwnWork(plan, full, store, chosen);
    try {
      for (const unit of plan.units) {
        const { prompt, shuffleIndex } = unit;
        progress.update(results.length / metrics.length, total, `${plan.name}, ${prompt}, S = ${shuffleIndex}`);
        const found = new Map(metrics.map((metric) => [metric, work.find(unit, metric)]));
        const missing = metrics.filter((metric) => !found.get(metric));
        const measured = missing.length > 0 ? await work.measure(unit, missing) : undefined;
        if (measured) computed++;
        for (const metric of metrics) {
          const stored = found.get(metric);
          const [values, origin]: [number[], Origin] = stored
            ? [stored, "store"]
            : [measured!.get(metric)!, "computed"];
          results.push({ model: plan.name, prompt, shuffleIndex, metric: metric.name, values, origin });
        }
      }
    } finally {
      work.close();
    }
  }
  progress.update(total, total);
  progress.finish(`${metrics.map(({ name }) => name).join(", ")}: ${computed} of ${total} prompts computed`);
  return results;
}

/** What a metric is, for what is made of its numbers: its version, and the SHA-256 of its code. */
export function describeMetric({ name, version, measure }: NamedMetric): Record<string, unknown> {
  return { name, version, code: createHash("sha256").update(measure.toString()).digest("hex") };
}

/** One entry a metric: what it depends on. Other code is another entry; what the code refers to is not seen. */
function inputsOf({ inputs }: PlannedUnit, metric: NamedMetric): UnitInputs & { code: unknown } {
  return { ...inputs, metrics: { [metric.name]: metric.version }, code: describeMetric(metric).code };
}

/** The prompts of one model that are yet to be measured; the model is loaded for the first of them. */
class OwnWork {
  private network?: Network;

  constructor(
    private readonly plan: ModelPlan,
    private readonly settings: ReturnType<typeof withDefaults>,
    private readonly store: Store,
    private readonly chosen: BackendChoice,
  ) {}

  /** What the store has of a metric. */
  find(unit: PlannedUnit, metric: NamedMetric): number[] | undefined {
    return this.store.find<Record<string, number[]>>(inputsOf(unit, metric))?.result[metric.name];
  }

  /** Measures metrics of a prompt side by side, so that they share its neighbors, and keeps what they say. */
  async measure(unit: PlannedUnit, metrics: readonly NamedMetric[]): Promise<Map<NamedMetric, number[]>> {
    const { checkpoint, guard, hashes } = this.plan;
    const budget = memoryBudget(this.chosen.name);
    this.network ??= await loadNetwork(checkpoint, { memory: WEIGHTS_SHARE * budget });
    const values = new Map(metrics.map((metric) => [metric, [] as number[]]));
    await measureMetrics(this.network, [unit.ids], {
      captured: this.settings.captured,
      leaveOut: unmeasuredTokens(this.settings),
      memory: HIDDEN_STATES_SHARE * budget,
      observer: {
        onHiddenState: async (cloud, layer) => {
          const measured = new LayerCloud(cloud, `${checkpoint.name}, hidden state ${layer}`);
          for (const [metric, list] of values) list.push(await measureAt(metric, measured, layer));
          await measured.release();
        },
      },
    });
    guard.check(hashes);
    const { prompt, shuffleIndex } = unit;
    const provenance = {
      model: this.plan.name,
      prompt,
      shuffleIndex,
      seed: this.settings.seed,
      ...versions(this.chosen),
    };
    for (const [metric, list] of values) {
      const result = { [metric.name]: list };
      this.store.save<Record<string, number[]>>({ inputs: inputsOf(unit, metric), result, provenance });
    }
    // As the next run will find them.
    return new Map([...values].map(([metric, list]) => [metric, asStored(list)]));
  }

  close(): void {
    this.network?.dispose();
  }
}

async function measureAt(metric: NamedMetric, layer: LayerCloud, number: number): Promise<number> {
  let value: unknown;
  try {
    value = await metric.measure(layer);
  } catch (error) {
    throw new UserError(`metric ${metric.name}, layer ${number}: ${messageOf(error)}`, { cause: error });
  }
  // NaN is a number that does not exist; infinity could not be kept.
  if (typeof value === "number" && Math.abs(value) !== Number.POSITIVE_INFINITY) return value;
  throw new UserError(`metric ${metric.name}, layer ${number}: measure gave ${String(value)}, not a number`);
}

function checkMetric({ name, version }: NamedMetric, all: readonly NamedMetric[]): void {
  if (typeof name !== "string" || !/^[A-Za-z]\w*$/.test(name)) {
    throw new UserError(`"${name}" cannot be the name of a metric; use letters and digits, a letter first`);
  }
  const taken = [...QUANTITIES, ...passMetricNames()] as readonly string[];
  if (taken.includes(name) || all.filter((other) => other.name === name).length > 1) {
    throw new UserError(`the name "${name}" is taken: give the metric another one`);
  }
  if (!Number.isInteger(version)) throw new UserError(`metric ${name}: its version must be a whole number`);
}

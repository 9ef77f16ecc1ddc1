import { LayerCloud } from "../../geometry/layerCloud";
import type { NamedMetric } from "../../geometry/metric";
import { layerMetric } from "../../geometry/metrics";
import type { Neighbors } from "../../geometry/neighbors";
import { type Pass, runNetworkBatch } from "../../model/forward";
import type { KeeperOptions } from "../../model/hiddenStateKeeper";
import type { TokenStatistics } from "../../model/logitStatistics";
import type { Network } from "../../model/network";
import { type Cloud, FEWEST_POINTS } from "../support/cloud";
import { UserError } from "../support/errors";
import { coreMetricNames, type Measured } from "./entries";
import { measureOwn } from "./ownMetrics";
import { passMetric, type WatchedPass } from "./passMetrics";
import { type CapturedPrecision, roundTo } from "./precision";
import { type Entries, resultOf, type UnitResult } from "./unit";

export interface MeasureOptions extends KeeperOptions {
  /** To what the hidden states are rounded before they are measured; "float32", which is not at all, without it. */
  captured?: CapturedPrecision;
  /** What to measure of each prompt; all that every study measures without it. */
  metrics?: readonly (readonly Measured[])[];
  /**
   * So many first tokens of each prompt go through the model and are not measured: a token that was put in front of the
   * prompt, and those that are left out of its cloud. None without it.
   */
  leaveOut?: number;
}

/**
 * Runs prompts through a model, layer by layer side by side, and measures the token vectors of every layer on the way: of
 * a layer that has been measured, at most its neighbor lists are kept, for what compares it with the next.
 *
 * @param batch each prompt's tokens, in the order in which the model reads them
 * @returns of each prompt what was asked for
 * @throws UserError as {@link runNetworkBatch}, and if fewer than three tokens are measured or the hidden states are not finite
 */
export async function measurePrompts(
  network: Network,
  batch: readonly (readonly number[])[],
  options: MeasureOptions = {},
): Promise<UnitResult[]> {
  const all = coreMetricNames();
  const passes = batch.map((ids, i) => new MeasuredPass(network, ids, options.metrics?.[i] ?? all, options));
  const summaries = await runNetworkBatch(network, passes, options);
  return summaries.map((summary, i) => resultOf(passes[i].entries(summary)) as UnitResult);
}

/** A pass that measures what comes by. */
class MeasuredPass implements Pass {
  /** What is measured of the pass as a whole. */
  private readonly watched: { name: string; begun: WatchedPass }[];
  /** What is measured layer by layer, with what it has said so far. */
  private readonly ofLayers: { metric: Measured; results: unknown[] }[];
  private readonly captured: CapturedPrecision;
  readonly leaveOut: number;
  private previous?: Neighbors;

  constructor(
    private readonly network: Network,
    readonly ids: readonly number[],
    metrics: readonly Measured[],
    { captured = "float32", leaveOut = 0 }: MeasureOptions,
  ) {
    const points = ids.length - leaveOut;
    if (points < FEWEST_POINTS) {
      throw new UserError(`the prompt has ${points} tokens to measure; a geometry needs at least ${FEWEST_POINTS}`);
    }
    this.captured = captured;
    this.leaveOut = leaveOut;
    const ofPass = (metric: Measured) => (typeof metric === "string" ? passMetric(metric) : undefined);
    this.watched = metrics.flatMap((metric) => {
      const begun = ofPass(metric)?.begin(points);
      return begun ? { name: metric as string, begun } : [];
    });
    this.ofLayers = metrics.filter((metric) => !ofPass(metric)).map((metric) => ({ metric, results: [] }));
  }

  /** Of a pass that has ended. */
  entries(summary: TokenStatistics): Entries {
    return Object.fromEntries([
      ...this.ofLayers.map(({ metric, results }) => [typeof metric === "string" ? metric : metric.name, results]),
      ...this.watched.map(({ name, begun }) => [name, begun.result(summary)]),
    ]);
  }

  readonly observer: Pass["observer"] = {
    onHiddenState: async (cloud, layer) => {
      const rounded = { ...cloud, values: roundTo(this.captured, cloud.values) };
      for (const { begun } of this.watched) await begun.observer.onHiddenState?.(rounded, layer);
      if (this.ofLayers.length > 0) await this.measure(rounded, layer);
    },
    onLogits: async (values, tile) => {
      for (const { begun } of this.watched) await begun.observer.onLogits?.(values, tile);
    },
  };

  private async measure(cloud: Cloud, layer: number): Promise<void> {
    const measured = new LayerCloud(cloud, `${this.network.checkpoint.name}, hidden state ${layer}`);
    let compared = false;
    for (const { metric, results } of this.ofLayers) {
      const known = typeof metric === "string" ? layerMetric(metric)! : undefined;
      compared ||= known?.ofTwoLayers === true;
      const result = known
        ? known.measure(measured, this.previous)
        : measureOwn(metric as NamedMetric, measured, layer);
      results.push(await result);
    }
    if (compared) this.previous = await measured.neighbors();
    await measured.release();
  }
}

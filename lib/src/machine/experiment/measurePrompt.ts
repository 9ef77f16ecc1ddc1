import { LayerCloud } from "../../geometry/layerCloud";
import { type LayerGeometry, measureLayer } from "../../geometry/metrics";
import type { Neighbors } from "../../geometry/neighbors";
import { type Pass, type PassObserver, runNetworkBatch } from "../../model/forward";
import type { KeeperOptions } from "../../model/hiddenStateKeeper";
import type { Network } from "../../model/network";
import { type Cloud, FEWEST_POINTS } from "../support/cloud";
import { UserError } from "../support/errors";
import { type PassMetricName, type PassResults, passMetric } from "./passMetrics";
import { type CapturedPrecision, roundTo } from "./precision";
import type { UnitResult } from "./unit";

export interface MeasureOptions extends KeeperOptions {
  /** To what the hidden states are rounded before they are measured; "float32", which is not at all, without it. */
  captured?: CapturedPrecision;
  /** What to measure besides the geometry of the layers; nothing without it. */
  metrics?: readonly PassMetricName[];
  /**
   * So many first tokens of each prompt go through the model and are not measured: a token that was put in front of the
   * prompt, and those that are left out of its cloud. None without it.
   */
  leaveOut?: number;
  /** Is shown the hidden states as they are measured: rounded, without what is left out. */
  observer?: Pick<PassObserver, "onHiddenState">;
}

/**
 * Runs prompts through a model, layer by layer side by side, and measures the token vectors of every layer on the way: of
 * a layer that has been measured, only its neighbor lists are kept, for the overlap with the next.
 *
 * @param batch each prompt's tokens, in the order in which the model reads them
 * @throws UserError as {@link runNetworkBatch}, and if fewer than three tokens are measured or the hidden states are not finite
 */
export async function measurePrompts(
  network: Network,
  batch: readonly (readonly number[])[],
  options: MeasureOptions = {},
): Promise<UnitResult[]> {
  const measured = batch.map((ids) => new MeasuredPass(network, ids, options));
  const layers = measured.map((pass) => pass.watchLayers());
  const summaries = await runNetworkBatch(network, measured, options);
  return summaries.map(({ loss, meanEntropy }, i) => ({
    ...{ layers: layers[i], loss, meanEntropy },
    ...measured[i].metrics(),
  }));
}

/** As {@link measurePrompts} without the geometry of the layers, which takes the most time: only `options.metrics`. */
export async function measureMetrics(
  network: Network,
  batch: readonly (readonly number[])[],
  options: MeasureOptions,
): Promise<Partial<PassResults>[]> {
  const measured = batch.map((ids) => new MeasuredPass(network, ids, options));
  await runNetworkBatch(network, measured, options);
  return measured.map((pass) => pass.metrics());
}

/** A pass that measures what comes by. */
class MeasuredPass implements Pass {
  private readonly watched: ({ name: PassMetricName } & ReturnType<ReturnType<typeof passMetric>["begin"]>)[];
  private readonly captured: CapturedPrecision;
  private readonly watcher: MeasureOptions["observer"];
  readonly leaveOut: number;
  private layers?: LayerGeometry[];
  private previous?: Neighbors;

  constructor(
    private readonly network: Network,
    readonly ids: readonly number[],
    { captured = "float32", metrics = [], leaveOut = 0, observer }: MeasureOptions,
  ) {
    const points = ids.length - leaveOut;
    if (points < FEWEST_POINTS) {
      throw new UserError(`the prompt has ${points} tokens to measure; a geometry needs at least ${FEWEST_POINTS}`);
    }
    this.captured = captured;
    this.watcher = observer;
    this.leaveOut = leaveOut;
    this.watched = metrics.map((name) => ({ name, ...passMetric(name).begin(points) }));
  }

  /** Has the geometry of the layers measured, into the list that is returned. */
  watchLayers(): LayerGeometry[] {
    this.layers = [];
    return this.layers;
  }

  /** Of a pass that has ended. */
  metrics(): Partial<PassResults> {
    return Object.fromEntries(this.watched.map(({ name, result }) => [name, result()]));
  }

  readonly observer: Pass["observer"] = {
    onHiddenState: async (cloud, layer) => {
      const rounded = { ...cloud, values: roundTo(this.captured, cloud.values) };
      await this.watcher?.onHiddenState?.(rounded, layer);
      for (const { observer } of this.watched) await observer.onHiddenState?.(rounded, layer);
      if (this.layers) await this.measure(rounded, layer, this.layers);
    },
    onLogits: async (values, tile) => {
      for (const { observer } of this.watched) await observer.onLogits?.(values, tile);
    },
  };

  private async measure(cloud: Cloud, layer: number, layers: LayerGeometry[]): Promise<void> {
    const name = `${this.network.checkpoint.name}, hidden state ${layer}`;
    const measured = new LayerCloud(cloud, name, this.previous);
    layers.push(await measureLayer(measured));
    this.previous = await measured.neighbors();
    await measured.release();
  }
}

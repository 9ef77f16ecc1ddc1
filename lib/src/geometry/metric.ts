import type { LayerCloud } from "./layerCloud";
import type { Neighbors } from "./neighbors";
import type { Quantities } from "./quantities";

/** Something that is measured of the token vectors of a layer: one file beside this one, one entry in metrics.ts. */
export interface Metric<Result = unknown, Name extends string = string> {
  /** Part of a result's identity in the store: raise it whenever the numbers change. */
  version: number;
  /** How a result becomes rows of a table; without it the result is a number, and the quantity called as the metric. */
  quantities?: Quantities<Result, Name>;
  /** For one that compares a layer with the one before it: in tables its result stands at the earlier of the two. */
  ofTwoLayers?: true;
  /**
   * Measures one layer. The result is plain data; NaN stands for a number that does not exist (null in JSON).
   *
   * @param previous neighbors of the same tokens in the layer before it: for a metric `ofTwoLayers`, from layer 1 on
   */
  measure(layer: LayerCloud, previous?: Neighbors): Promise<Result>;
}

/**
 * A metric of one's own: a number of each layer, for `study`. Its code is part of a result's identity, what the code
 * refers to is not: raise the version when that changes.
 *
 * @example
 * const lengths: NamedMetric = {
 *   name: "meanSquaredLength",
 *   version: 1,
 *   measure: async ({ squaredLengths }) => squaredLengths.reduce((sum, one) => sum + one, 0) / squaredLengths.length,
 * };
 * const settings = { models: ["llama-mini"], promptCount: 1, tokens: 64, shuffles: [0] };
 * const rows = await study({ ...settings, metrics: [lengths] });
 * rows.of("meanSquaredLength").length; // 13
 */
export interface NamedMetric extends Pick<Metric, "version"> {
  /** What the rows call it: letters and digits, a letter first. */
  name: string;
  /** Measures one layer; NaN stands for a number that does not exist. */
  measure(layer: LayerCloud): Promise<number>;
}

/** Mean and population standard deviation. */
export interface MeanAndDeviation {
  mean: number;
  std: number;
}

/**
 * Mean and population standard deviation; NaN of no values.
 */
export function meanAndDeviation(values: Float64Array): MeanAndDeviation {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / values.length) };
}

import type { LayerCloud } from "./layerCloud";

/** Something that is measured of the token vectors of a layer: one file beside this one, one entry in metrics.ts. */
export interface Metric<Result> {
  /** Part of a result's identity in the store: raise it whenever the numbers change. */
  version: number;
  /**
   * Measures one layer. The result is plain data; NaN stands for a number that does not exist (null in JSON).
   */
  measure(layer: LayerCloud): Promise<Result>;
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

import { cosineSimilarityMetric } from "./cosineSimilarity";
import { intrinsicDimensionMetric } from "./intrinsicDimension";
import { kStarMetric } from "./kStarMetric";
import type { LayerCloud } from "./layerCloud";
import type { Metric } from "./metric";
import { neighborAngleMetric } from "./neighborAngles";
import { neighborhoodOverlapMetric } from "./neighborhoodOverlap";
import type { Neighbors } from "./neighbors";
import { spectrumMetric } from "./spectrumMetric";
import { tokenNormsMetric } from "./tokenNorms";
import { trajectoryMetric } from "./trajectories";
import { twoNNMetric } from "./twoNN";

/** The metrics that every study measures. */
export const METRICS = {
  intrinsicDimension: intrinsicDimensionMetric,
  twoNN: twoNNMetric,
  cosineSimilarity: cosineSimilarityMetric,
  neighborhoodOverlap: neighborhoodOverlapMetric,
  neighborAngle: neighborAngleMetric,
} satisfies Record<string, Metric>;

/** Those that a study measures besides where they are asked for by name: one line each. */
export const FURTHER_METRICS = {
  tokenNorms: tokenNormsMetric,
  spectrum: spectrumMetric,
  kStar: kStarMetric,
  trajectory: trajectoryMetric,
} satisfies Record<string, Metric>;

type ResultsOf<Metrics extends Record<string, Metric>> = {
  [Name in keyof Metrics]: Awaited<ReturnType<Metrics[Name]["measure"]>>;
};

export type MetricName = keyof typeof METRICS;
export type FurtherMetricName = keyof typeof FURTHER_METRICS;

/** What the metrics say of a layer. */
export type LayerGeometry = ResultsOf<typeof METRICS> & Partial<ResultsOf<typeof FURTHER_METRICS>>;

/** The metric of that name, whether every study measures it or not; undefined if there is none. */
export function layerMetric(name: string): Metric | undefined {
  const metrics: Record<string, Metric> = Object.hasOwn(METRICS, name) ? METRICS : FURTHER_METRICS;
  return Object.hasOwn(metrics, name) ? metrics[name] : undefined;
}

/**
 * Measures a layer by the metrics of every study.
 *
 * @param previous neighbors of the same tokens in the layer before it, for what compares the two
 */
export async function measureLayer(layer: LayerCloud, previous?: Neighbors): Promise<LayerGeometry> {
  const results: Record<string, unknown> = {};
  for (const [name, metric] of Object.entries<Metric>(METRICS)) results[name] = await metric.measure(layer, previous);
  return results as LayerGeometry;
}

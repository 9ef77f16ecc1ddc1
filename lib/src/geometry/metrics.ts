import { cosineSimilarityMetric } from "./cosineSimilarity";
import { intrinsicDimensionMetric } from "./intrinsicDimension";
import type { LayerCloud } from "./layerCloud";
import type { Metric } from "./metric";
import { neighborAngleMetric } from "./neighborAngles";
import { neighborhoodOverlapMetric } from "./neighborhoodOverlap";
import { twoNNMetric } from "./twoNN";

/** The one place where metrics are registered. */
export const METRICS = {
  intrinsicDimension: intrinsicDimensionMetric,
  twoNN: twoNNMetric,
  cosineSimilarity: cosineSimilarityMetric,
  neighborhoodOverlap: neighborhoodOverlapMetric,
  neighborAngle: neighborAngleMetric,
} satisfies Record<string, Metric<unknown>>;

export type MetricName = keyof typeof METRICS;

/** What all metrics say of a layer. */
export type LayerGeometry = { [Name in MetricName]: Awaited<ReturnType<(typeof METRICS)[Name]["measure"]>> };

/** Measures a layer by all metrics. */
export async function measureLayer(layer: LayerCloud): Promise<LayerGeometry> {
  const results: Record<string, unknown> = {};
  for (const [name, metric] of Object.entries(METRICS)) results[name] = await metric.measure(layer);
  return results as LayerGeometry;
}

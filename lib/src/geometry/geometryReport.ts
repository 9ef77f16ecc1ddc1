import { checkCloud, type NamedCloud } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import type { DimensionEstimate } from "./gride";
import { LayerCloud } from "./layerCloud";
import type { MeanAndDeviation } from "./metric";
import { measureLayer } from "./metrics";
import type { Neighbors } from "./neighbors";
import type { TwoNNEstimate } from "./twoNN";

/** What the command `token-geometry geometry` prints. A number that does not exist is null in JSON. */
export interface GeometryReport {
  clouds: {
    file: string;
    n: number;
    d: number;
    intrinsicDimension: DimensionEstimate[];
    twoNN: TwoNNEstimate;
    cosineSimilarity: MeanAndDeviation;
    neighborAngleDegrees: MeanAndDeviation;
  }[];
  neighborhoodOverlap: { from: string; to: string; overlap: { k: number; value: number }[] }[];
}

/**
 * Measures clouds, and the overlap of each with the one after it.
 *
 * @throws UserError if a cloud is too small, holds NaN or infinity, or two that follow each other differ in size
 * @example
 * const cloud = { values: Float64Array.of(0, 1, 3, 7, 15), points: 5, dimension: 1 };
 * const { clouds } = await geometryReport([{ name: "five points", cloud }]);
 * clouds[0].twoNN.ml; // 1.3297
 */
export async function geometryReport(named: readonly NamedCloud[]): Promise<GeometryReport> {
  named.forEach(({ name, cloud }, index) => {
    checkCloud(cloud, name);
    const before = named[index - 1];
    if (before && before.cloud.points !== cloud.points) {
      const sizes = `${before.cloud.points} and ${cloud.points} points`;
      throw new UserError(`${before.name} and ${name}: clouds of ${sizes} have no overlap; measure them one by one`);
    }
  });
  const report: GeometryReport = { clouds: [], neighborhoodOverlap: [] };
  let previous: Neighbors | undefined;
  for (const [index, { name, cloud }] of named.entries()) {
    const layer = new LayerCloud(cloud, name);
    const { intrinsicDimension, twoNN, cosineSimilarity, neighborAngle, neighborhoodOverlap } = await measureLayer(
      layer,
      previous,
    );
    report.clouds.push({
      file: name,
      n: cloud.points,
      d: cloud.dimension,
      intrinsicDimension,
      twoNN,
      cosineSimilarity,
      neighborAngleDegrees: { mean: neighborAngle.mean, std: neighborAngle.std },
    });
    if (index > 0) {
      const overlap = neighborhoodOverlap.map((value, i) => ({ k: i + 1, value }));
      report.neighborhoodOverlap.push({ from: named[index - 1].name, to: name, overlap });
    }
    previous = await layer.neighbors();
    await layer.release();
  }
  return report;
}

import * as tf from "@tensorflow/tfjs-core";
import type { Cloud } from "../machine/support/cloud";
import { sumUp } from "./cloudSums";
import { type GramMatrix, gramMatrix, meanPoint } from "./gramMatrix";
import type { MeanAndDeviation, Metric } from "./metric";
import { fields, number } from "./quantities";

/**
 * Cosine similarity of all N x N pairs of points, those of a point with itself included: mean and population standard
 * deviation. The norm of a zero vector is taken as 1, so that its cosines are 0.
 *
 * @param known what is there already of the cloud, its products and squared lengths
 * @see arXiv 2501.10573, section "Cosine similarity"
 * @example
 * const { mean, std } = await cosineSimilarity({ values: Float64Array.of(1, 0, 0, 1, 0, -1), points: 3, dimension: 2 });
 * [mean, std]; // [0.1111, 0.7370]
 */
export async function cosineSimilarity(
  cloud: Cloud,
  known?: { gram: GramMatrix; squaredLengths: Float64Array },
): Promise<MeanAndDeviation> {
  const own = known ? cloud : { ...cloud }; // An object of its own: its values may be others than before.
  const gram = known?.gram ?? (await gramMatrix(own));
  const fromProducts = cosineSimilarityOfProducts(own, gram, known?.squaredLengths ?? sumUp(own).squaredLengths);
  return fromProducts ?? cosineSimilarityOfUnits(own);
}

/**
 * From the coordinates: no digits are lost where all cosines are close to each other.
 *
 * With unit vectors u = m + v, m their mean: cos_ij = m.m + v_i.m + v_j.m + v_i.v_j. The last three sum to 0 over the
 * pairs and are uncorrelated, so the mean is m.m and the variance 2 mean((v.m)^2) + mean((v_i.v_j)^2).
 */
async function cosineSimilarityOfUnits(cloud: Cloud): Promise<MeanAndDeviation> {
  const { points, dimension } = cloud;
  const units = unitVectors(cloud);
  const mean = meanPoint({ values: units, points, dimension });
  const centered = new Float32Array(units.length);
  let linear = 0;
  for (let point = 0, i = 0; point < points; point++) {
    let along = 0;
    for (let column = 0; column < dimension; column++, i++) {
      const difference = units[i] - mean[column];
      along += difference * mean[column];
      centered[i] = difference;
    }
    linear += along * along;
  }
  const variance = (2 * linear) / points + (await meanSquaredProduct(centered, points, dimension));
  return { mean: mean.reduce((sum, value) => sum + value * value, 0), std: Math.sqrt(variance) };
}

function unitVectors({ values, points, dimension }: Cloud): Float64Array {
  const units = new Float64Array(values.length);
  for (let point = 0; point < points; point++) {
    const start = point * dimension;
    // The largest coordinate is taken out first, so that no square overflows or vanishes.
    let largest = 0;
    for (let i = start; i < start + dimension; i++) largest = Math.max(largest, Math.abs(values[i]));
    if (largest === 0) continue;
    let sum = 0;
    for (let i = start; i < start + dimension; i++) sum += (values[i] / largest) ** 2;
    const norm = Math.sqrt(sum) * largest;
    for (let i = start; i < start + dimension; i++) units[i] = values[i] / norm;
  }
  return units;
}

/** Mean over all pairs of rows of their squared product. The sum is the same for V V^T and the smaller V^T V. */
async function meanSquaredProduct(rows: Float32Array, points: number, dimension: number): Promise<number> {
  const product = tf.tidy(() => {
    const matrix = tf.tensor2d(rows, [points, dimension]);
    const flipped = tf.transpose(matrix); // [dimension, points]
    return dimension <= points ? tf.matMul(flipped, matrix) : tf.matMul(matrix, flipped);
  });
  const values = await product.data();
  product.dispose();
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2;
  return sum / points ** 2;
}

/** Share of the variance that rounding of the products may make up, by its bound; what it does make up is far less. */
const TOLERATED = 1e-7;

/**
 * From products that are there already: with x = c / scale + m, m the center,
 * cos_ij = (c_i.c_j / scale^2 + p_i + p_j + m.m) / (|x_i| |x_j|), where p_i = c_i.m / scale follows from the lengths. The mean of the cosines is that of the unit vectors, squared, in float64.
 *
 * @param gram of the cloud
 * @param squaredLengths of the points, in float64 [N]
 * @returns nothing where the rounding of the products might show: take {@link cosineSimilarityOfUnits}
 */
function cosineSimilarityOfProducts(
  cloud: Cloud,
  { whole, points, center, scale, squaredNorms, relativeError }: GramMatrix,
  squaredLengths: Float64Array,
): MeanAndDeviation | undefined {
  if (!whole) return undefined;
  const weights = squaredLengths.map((length) => (length > 0 ? 1 / Math.sqrt(length) : 1)); // 1 / |x|
  const sumOfUnits = sumUp(cloud, weights).sum;
  const average = sumOfUnits.reduce((sum, value) => sum + (value / points) ** 2, 0);
  const square = center.reduce((sum, value) => sum + value * value, 0);
  const unscaled = 1 / scale ** 2;
  const along = squaredLengths.map((length, i) => (length - squaredNorms[i] * unscaled - square) / 2); // p
  let deviations = 0;
  for (let i = 0; i < points; i++) {
    const constant = along[i] + square;
    let sum = 0;
    for (let j = 0, at = i * points; j < i; j++, at++) {
      const deviation = (whole[at] * unscaled + constant + along[j]) * weights[i] * weights[j] - average;
      sum += deviation * deviation;
    }
    const itself = squaredLengths[i] * weights[i] * weights[i] - average;
    deviations += 2 * sum + itself * itself;
  }
  const variance = deviations / points ** 2;
  const lengths = squaredNorms.reduce((sum, norm, i) => sum + norm * unscaled * weights[i] ** 2, 0) / points;
  return (relativeError * lengths) ** 2 <= TOLERATED * variance
    ? { mean: average, std: Math.sqrt(variance) }
    : undefined;
}

/** Over all points, coinciding ones included. */
export const cosineSimilarityMetric = {
  version: 1,
  quantities: fields({ mean: number("cosineSimilarity"), std: number("cosineSimilarityDeviation") }),
  async measure(layer) {
    return cosineSimilarity(layer.cloud, { gram: await layer.gramMatrix(), squaredLengths: layer.squaredLengths });
  },
} satisfies Metric<MeanAndDeviation>;

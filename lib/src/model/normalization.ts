import * as tf from "@tensorflow/tfjs-core";
import { operators } from "../machine/backend/operators";
import type { WeightRequests, Weights } from "./architecture";

/**
 * Root mean square norm: x / sqrt(mean(x^2) + epsilon) * weight, over the features of each token [T, width] or of each token
 * in each head [heads, headDimension, T].
 * Source: Zhang and Sennrich 2019 (arXiv 1910.07467), equation 4.
 */
export function rmsNorm<T extends tf.Tensor2D | tf.Tensor3D>(features: T, weight: tf.Tensor, epsilon: number): T {
  const meanSquare = operators().meanOfFeatures(tf.square(features)); // [T, 1] or [heads, 1, T]
  const scale = features.rank === 3 ? tf.reshape(weight, [-1, 1]) : weight;
  return tf.mul(tf.mul(features, tf.rsqrt(tf.add(meanSquare, epsilon))), scale);
}

/**
 * Layer norm of each token's features [T, width], or of each token's in each head [heads, headDimension, T], which have no bias;
 * see {@link Operators.layerNorm}.
 */
export function layerNorm<T extends tf.Tensor2D | tf.Tensor3D>(
  features: T,
  weights: Weights,
  name: string,
  epsilon: number,
): T {
  return operators().layerNorm(features, weights[`${name}.weight`], weights[`${name}.bias`], epsilon);
}

/** The weights of a {@link layerNorm} that is stored as `prefix.weight` and `prefix.bias`. */
export function layerNormWeights(key: string, prefix: string, width: number): WeightRequests {
  return {
    [`${key}.weight`]: { name: `${prefix}.weight`, shape: [width] },
    [`${key}.bias`]: { name: `${prefix}.bias`, shape: [width] },
  };
}

import * as tf from "@tensorflow/tfjs-core";
import { LAYER_NORM } from "../backend/oneDnn";
import type { WeightRequests, Weights } from "./architecture";

/**
 * Root mean square norm: x / sqrt(mean(x^2) + epsilon) * weight, over the features of each token [T, width] or of each token
 * in each head [heads, headDimension, T].
 * Source: Zhang and Sennrich 2019 (arXiv 1910.07467), equation 4.
 */
export function rmsNorm<T extends tf.Tensor2D | tf.Tensor3D>(features: T, weight: tf.Tensor, epsilon: number): T {
  const meanSquare = tf.mean(tf.square(features), 1, true); // [T, 1] or [heads, 1, T]
  const scale = features.rank === 3 ? tf.reshape(weight, [-1, 1]) : weight;
  return tf.mul(tf.mul(features, tf.rsqrt(tf.add(meanSquare, epsilon))), scale);
}

/**
 * Layer norm: (x - mean) / sqrt(variance + epsilon) * weight + bias, row by row, with the population variance.
 * Source: Ba, Kiros and Hinton 2016 (arXiv 1607.06450), equation 4.
 */
export function layerNorm(hidden: tf.Tensor2D, weights: Weights, name: string, epsilon: number): tf.Tensor2D {
  const [scale, offset] = [weights[`${name}.weight`], weights[`${name}.bias`]];
  // Where the backend can do it in one step.
  if (offset && tf.getKernel(LAYER_NORM, tf.getBackend())) {
    return tf.engine().runKernel(LAYER_NORM, { x: hidden, scale, offset }, { epsilon });
  }
  const centered = tf.sub(hidden, tf.mean(hidden, 1, true)); // [T, width]
  const variance = tf.mean(tf.square(centered), 1, true); // [T, 1]
  const scaled = tf.mul(tf.mul(centered, tf.rsqrt(tf.add(variance, epsilon))), scale);
  return (offset ? tf.add(scaled, offset) : scaled) as tf.Tensor2D; // [T, width]
}

/** The weights of a {@link layerNorm} that is stored as `prefix.weight` and `prefix.bias`. */
export function layerNormWeights(key: string, prefix: string, width: number): WeightRequests {
  return {
    [`${key}.weight`]: { name: `${prefix}.weight`, shape: [width] },
    [`${key}.bias`]: { name: `${prefix}.bias`, shape: [width] },
  };
}

import * as tf from "@tensorflow/tfjs-core";
import { LAYER_NORM } from "../machine/backend/oneDnn";
import type { WeightRequests, Weights } from "./architecture";

/**
 * Root mean square norm: x / sqrt(mean(x^2) + epsilon) * weight, over the features of each token [T, width] or of each token
 * in each head [heads, headDimension, T].
 * Source: Zhang and Sennrich 2019 (arXiv 1910.07467), equation 4.
 */
export function rmsNorm<T extends tf.Tensor2D | tf.Tensor3D>(features: T, weight: tf.Tensor, epsilon: number): T {
  const meanSquare = meanOfFeatures(tf.square(features)); // [T, 1] or [heads, 1, T]
  const scale = features.rank === 3 ? tf.reshape(weight, [-1, 1]) : weight;
  return tf.mul(tf.mul(features, tf.rsqrt(tf.add(meanSquare, epsilon))), scale);
}

/**
 * Layer norm: (x - mean) / sqrt(variance + epsilon) * weight + bias, row by row, with the population variance.
 * Source: Ba, Kiros and Hinton 2016 (arXiv 1607.06450), equation 4.
 */
export function layerNorm<T extends tf.Tensor2D | tf.Tensor3D>(
  hidden: T,
  weights: Weights,
  name: string,
  epsilon: number,
): T {
  const [scale, offset] = [weights[`${name}.weight`], weights[`${name}.bias`]];
  // Where the backend can do it in one step.
  if (offset && tf.getKernel(LAYER_NORM, tf.getBackend())) {
    return tf.engine().runKernel(LAYER_NORM, { x: hidden, scale, offset }, { epsilon }) as T;
  }
  const centered = tf.sub(hidden, meanOfFeatures(hidden)); // [T, width]
  const variance = meanOfFeatures(tf.square(centered)); // [T, 1]
  const scaled = tf.mul(tf.mul(centered, tf.rsqrt(tf.add(variance, epsilon))), scale);
  return (offset ? tf.add(scaled, offset) : scaled) as T; // [T, width]
}

/** How many values are added one after the other. */
const RUN = 16;

const NONE: [number, number] = [0, 0];

/**
 * The mean over the features: [T, width] -> [T, 1], or [heads, headDimension, T] -> [heads, 1, T]. A trained model has
 * features hundreds of times as large as the others; a backend that adds one square after the other into a float32 loses the
 * small ones beside such a one, and the norm is wrong by up to 2e-5. Here the sum is one of sums of short runs.
 */
function meanOfFeatures(values: tf.Tensor): tf.Tensor {
  const [first, width, last] = values.shape as [number, number, number | undefined];
  // Along the last axis all backends but WebAssembly do as much by themselves.
  if (last === undefined && tf.getBackend() !== "wasm") return tf.mean(values, 1, true);
  let sums = values;
  for (let count = width; count > 1; count = Math.ceil(count / RUN)) {
    const runs = Math.ceil(count / RUN);
    const flat = tf.reshape(sums, [first, count, last ?? 1]);
    const missing: [number, number] = [0, runs * RUN - count];
    const full = runs * RUN === count ? flat : tf.pad(flat, [NONE, missing, NONE]);
    sums = tf.sum(tf.reshape(full, [first * runs, RUN, last ?? 1]), 1); // [first * runs, last]
  }
  return tf.div(tf.reshape(sums, last === undefined ? [first, 1] : [first, 1, last]), width);
}

/** The weights of a {@link layerNorm} that is stored as `prefix.weight` and `prefix.bias`. */
export function layerNormWeights(key: string, prefix: string, width: number): WeightRequests {
  return {
    [`${key}.weight`]: { name: `${prefix}.weight`, shape: [width] },
    [`${key}.bias`]: { name: `${prefix}.bias`, shape: [width] },
  };
}

import * as tf from "@tensorflow/tfjs-core";
import type { WeightRequests, Weights } from "./architecture";
import { layerNorm, rmsNorm } from "./normalization";

/** A kind of norm over features: the weights that it needs, and what it does with them. */
export interface Norm {
  /** @param size number of features */
  weights(key: string, prefix: string, size: number): WeightRequests;
  /** Norms the features of each token [T, width], or of each token in each head [heads, headDimension, T]. */
  apply<T extends tf.Tensor2D | tf.Tensor3D>(features: T, weights: Weights, key: string): T;
}

/** @param addend is added to the weight, for families that store its distance from 1 */
export function rootMeanSquare(epsilon: number, addend = 0): Norm {
  return {
    weights: scaleRequest,
    apply: (features, weights, key) => rmsNorm(features, shifted(weights[`${key}.weight`], addend), epsilon),
  };
}

/** {@link rootMeanSquare} and nothing that is learned. */
export function withoutWeight(epsilon: number): Norm {
  return { weights: () => ({}), apply: (features) => rmsNorm(features, tf.ones([1]), epsilon) };
}

/** @param addend as of {@link rootMeanSquare} */
export function layered(epsilon: number, { bias = true, addend = 0 } = {}): Norm {
  return {
    weights: (key, prefix, size) => ({
      ...scaleRequest(key, prefix, size),
      ...(bias && { [`${key}.bias`]: { name: `${prefix}.bias`, shape: [size] } }),
    }),
    apply(features, weights, key) {
      const scale = shifted(weights[`${key}.weight`], addend);
      return layerNorm(features, { ...weights, [`${key}.weight`]: scale }, key, epsilon);
    },
  };
}

function scaleRequest(key: string, prefix: string, size: number): WeightRequests {
  return { [`${key}.weight`]: { name: `${prefix}.weight`, shape: [size] } };
}

function shifted(weight: tf.Tensor, addend: number): tf.Tensor {
  return addend === 0 ? weight : tf.add(weight, addend);
}

/** A norm of the queries and keys of all heads. */
export interface HeadNorm {
  weights(key: string, prefix: string, heads: number, headDimension: number): WeightRequests;
  /** [heads, headDimension, T] -> the same */
  apply(features: tf.Tensor3D, weights: Weights, key: string): tf.Tensor3D;
}

/** A norm over the features of each head, with the same weights for all. */
export function overEachHead(norm: Norm): HeadNorm {
  return { weights: (key, prefix, _, headDimension) => norm.weights(key, prefix, headDimension), apply: norm.apply };
}

/** A norm over the features of all heads together. */
export function overAllHeads(norm: Norm): HeadNorm {
  return {
    weights: (key, prefix, heads, headDimension) => norm.weights(key, prefix, heads * headDimension),
    apply(features, weights, key) {
      const [heads, headDimension, tokens] = features.shape;
      const together = tf.reshape<tf.Rank.R3>(features, [1, heads * headDimension, tokens]);
      return tf.reshape(norm.apply(together, weights, key), [heads, headDimension, tokens]);
    },
  };
}

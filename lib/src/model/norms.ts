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

/**
 * A layer norm over the features of each head, each with weights of its own and no bias.
 *
 * @param tensorNames what the checkpoint holds: a tensor for each head (StableLM), or one for all (Command R; GGUF files)
 */
export function layeredByHead(epsilon: number, tensorNames: ReadonlySet<string>): HeadNorm {
  const keys = (key: string, heads: number) => Array.from({ length: heads }, (_, head) => `${key}.${head}`);
  return {
    weights(key, prefix, heads, headDimension) {
      const together = `${prefix}.weight`;
      const request = (head: number) =>
        tensorNames.has(together)
          ? { name: together, shape: [heads, headDimension], part: head }
          : { name: `${prefix}.norms.${head}.weight`, shape: [headDimension] };
      return Object.fromEntries(keys(key, heads).map((one, head) => [one, request(head)]));
    },
    apply(features, weights, key) {
      const scales = keys(key, features.shape[0]).map((one) => weights[one]);
      const scale = tf.expandDims(tf.stack(scales), 2); // [heads, headDimension, 1]
      return layerNorm(features, { [`${key}.weight`]: scale }, key, epsilon);
    },
  };
}

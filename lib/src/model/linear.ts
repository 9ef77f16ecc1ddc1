import * as tf from "@tensorflow/tfjs-core";
import type { WeightRequests, Weights } from "./architecture";

/** x W + b for the weights that {@link linearWeights} asked for under `key`. [T, in] -> [T, out] */
export function linear(input: tf.Tensor2D, weights: Weights, key: string): tf.Tensor2D {
  const [b, bias] = [weights[`${key}.weight`] as tf.Tensor2D, weights[`${key}.bias`]];
  return bias ? (tf.fused.matMul({ a: input, b, bias }) as tf.Tensor2D) : tf.matMul(input, b); // [T, out]
}

/**
 * The same for attention: cut into heads, and each head's features before the tokens. That is how (W^T x^T) comes out of a
 * product by itself, and how all heads can be multiplied at once.
 *
 * @returns [heads, out / heads, T]
 */
export function linearHeads(input: tf.Tensor2D, weights: Weights, key: string, heads: number): tf.Tensor3D {
  const tokens = input.shape[0];
  const product = tf.matMul(weights[`${key}.weight`] as tf.Tensor2D, input, true, true); // [out, T]
  const bias = weights[`${key}.bias`];
  return tf.reshape(bias ? tf.add(product, tf.reshape(bias, [-1, 1])) : product, [heads, -1, tokens]);
}

/** The weights of a linear layer that PyTorch stores as `prefix.weight` [out, in] and, if there is one, `prefix.bias`. */
export function linearWeights(
  key: string,
  prefix: string,
  { inputs, outputs, bias }: { inputs: number; outputs: number; bias: boolean },
): WeightRequests {
  const requests: WeightRequests = {
    [`${key}.weight`]: { name: `${prefix}.weight`, shape: [outputs, inputs], transposed: true },
  };
  if (bias) requests[`${key}.bias`] = { name: `${prefix}.bias`, shape: [outputs] };
  return requests;
}

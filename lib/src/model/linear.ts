import * as tf from "@tensorflow/tfjs-core";
import type { WeightRequests, Weights } from "./architecture";

/** x W + b for the weights that {@link linearWeights} asked for under `key`. [T, in] -> [T, out] */
export function linear(input: tf.Tensor2D, weights: Weights, key: string): tf.Tensor2D {
  const product = tf.matMul<tf.Tensor2D>(input, weights[`${key}.weight`] as tf.Tensor2D); // [T, out]
  const bias = weights[`${key}.bias`];
  return bias ? tf.add<tf.Tensor2D>(product, bias) : product;
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

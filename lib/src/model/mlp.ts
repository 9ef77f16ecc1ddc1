import * as tf from "@tensorflow/tfjs-core";
import type { Activation } from "./activations";
import type { Weights } from "./architecture";
import type { BlockPart } from "./decoderBlocks";
import { linear, linearWeights } from "./linear";

interface MlpSizes {
  width: number;
  inner: number;
}

/** down(act(up(x))). @param names of both layers within a block, up first */
export function plainMlp(
  { width, inner }: MlpSizes,
  act: Activation,
  bias: boolean,
  [up, down]: readonly [string, string],
): BlockPart {
  return {
    weights: (block) => ({
      ...linearWeights("up", `${block}.${up}`, { inputs: width, outputs: inner, bias }),
      ...linearWeights("down", `${block}.${down}`, { inputs: inner, outputs: width, bias }),
    }),
    apply: (input, weights) => linear(act(linear(input, weights, "up")), weights, "down"), // [T, width]
  };
}

/**
 * down(act(gate(x)) * up(x)), the gated linear unit. Source: Shazeer 2020 (arXiv 2002.05202), equation 6.
 *
 * @param root what the names of its tensors have in front, within a block
 */
export function gatedMlp({ width, inner }: MlpSizes, act: Activation, bias: boolean, root = "mlp."): BlockPart {
  return {
    weights: (block) => ({
      ...linearWeights("gate", `${block}.${root}gate_proj`, { inputs: width, outputs: inner, bias }),
      ...linearWeights("up", `${block}.${root}up_proj`, { inputs: width, outputs: inner, bias }),
      ...linearWeights("down", `${block}.${root}down_proj`, { inputs: inner, outputs: width, bias }),
    }),
    apply: (input, weights) => gatedUnit(input, weights, act),
  };
}

/** down(act(gate(x)) * up(x)), by three linear layers. [n, width] -> [n, width] */
export function gatedUnit(input: tf.Tensor2D, weights: Weights, act: Activation): tf.Tensor2D {
  const gated = tf.mul<tf.Tensor2D>(act(linear(input, weights, "gate")), linear(input, weights, "up")); // [n, inner]
  return linear(gated, weights, "down"); // [n, width]
}

/** The same with gate and up in one layer, gate first. */
export function fusedGatedMlp({ width, inner }: MlpSizes, act: Activation): BlockPart {
  return {
    weights: (block) => ({
      ...linearWeights("gateUp", `${block}.mlp.gate_up_proj`, { inputs: width, outputs: 2 * inner, bias: false }),
      ...linearWeights("down", `${block}.mlp.down_proj`, { inputs: inner, outputs: width, bias: false }),
    }),
    apply(input, weights) {
      const [gate, up] = tf.split<tf.Tensor2D>(linear(input, weights, "gateUp"), 2, 1); // [T, inner]
      return linear(tf.mul(act(gate), up), weights, "down"); // [T, width]
    },
  };
}

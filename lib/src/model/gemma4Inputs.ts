import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointConfig } from "../machine/checkpoint/config";
import type { Activation } from "./activations";
import type { WeightRequests, Weights } from "./architecture";
import type { Columns } from "./carriedColumns";
import type { DecoderSizes } from "./decoder";
import { linear, linearWeights } from "./linear";
import type { Norm } from "./norms";

/** What the layers of a model get beside the hidden state, each something of its own; nothing in a model without. */
export interface LayerInputs {
  embeddingWeights: WeightRequests;
  /** Of a block. @param block what the names of its tensors begin with */
  weights(block: string): WeightRequests;
  /** The inputs of a layer and of all after it [T, size], by name. */
  columns(layer: number): Columns;
  /** Hidden state 0 [T, width] -> the same, and behind it the inputs of all layers. */
  embed(weights: Weights, hidden: tf.Tensor2D): tf.Tensor2D;
  /** [T, width] -> the same, with what the layer makes of its input. */
  add(weights: Weights, hidden: tf.Tensor2D, parts: Readonly<Record<string, tf.Tensor2D>>, layer: number): tf.Tensor2D;
}

const NONE: LayerInputs = {
  embeddingWeights: {},
  weights: () => ({}),
  columns: () => ({}),
  embed: (_, hidden) => hidden,
  add: (_, hidden) => hidden,
};

/**
 * Gemma 4's: half of each input is the token's row in a further embedding, half a projection of hidden state 0. The layer
 * multiplies it by a gate.
 * Source: Hugging Face transformers 5.24, models/gemma4, `get_per_layer_inputs` and `project_per_layer_inputs`.
 *
 * @throws UserError naming a setting that is malformed or not supported
 */
export function layerInputs(
  config: CheckpointConfig,
  { width, layers, vocabularySize }: DecoderSizes,
  norm: Norm,
  act: Activation,
): LayerInputs {
  if (config.fields.hidden_size_per_layer_input === 0) return NONE;
  const size = config.countOr("hidden_size_per_layer_input", 256);
  const rows = config.countOr("vocab_size_per_layer_input", 262_144);
  if (rows < vocabularySize) config.unsupported("vocab_size_per_layer_input");
  const all = size * layers;
  return {
    embeddingWeights: {
      ofToken: { name: "model.embed_tokens_per_layer.weight", shape: [rows, all], byToken: true },
      ...linearWeights("project", "model.per_layer_model_projection", { inputs: width, outputs: all, bias: false }),
      ...norm.weights("projectedNorm", "model.per_layer_projection_norm", size),
    },
    weights: (block) => ({
      ...linearWeights("gateInput", `${block}.per_layer_input_gate`, { inputs: width, outputs: size, bias: false }),
      ...linearWeights("addInput", `${block}.per_layer_projection`, { inputs: size, outputs: width, bias: false }),
      ...norm.weights("inputNorm", `${block}.post_per_layer_input_norm`, width),
    }),
    columns: (layer) =>
      Object.fromEntries(Array.from({ length: layers - layer }, (_, after) => [`input ${layer + after}`, size])),
    embed(weights, hidden) {
      const projected = tf.mul(linear(hidden, weights, "project"), 1 / Math.sqrt(width)); // [T, all]
      const normed = norm.apply(tf.reshape<tf.Rank.R2>(projected, [-1, size]), weights, "projectedNorm"); // [T * layers, size]
      const ofToken = tf.mul(weights.ofToken, Math.fround(Math.sqrt(size))); // [T, all]
      const summed = tf.add(tf.reshape(normed, [-1, all]), ofToken);
      return tf.concat2d([hidden, tf.mul(summed, Math.SQRT1_2)], 1); // [T, width + all]
    },
    add(weights, hidden, parts, layer) {
      const gated = tf.mul<tf.Tensor2D>(act(linear(hidden, weights, "gateInput")), parts[`input ${layer}`]); // [T, size]
      return tf.add(hidden, norm.apply(linear(gated, weights, "addInput"), weights, "inputNorm"));
    },
  };
}

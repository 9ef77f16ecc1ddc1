import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointConfig } from "../machine/checkpoint/config";
import { activation } from "./activations";
import type { ModelFamily } from "./architecture";
import { attention } from "./attention";
import { decoderSizes } from "./decoder";
import { linear, linearHeads, linearWeights } from "./linear";
import { llamaArchitecture } from "./llama";
import { rmsNorm } from "./normalization";
import { ropeSection, ropeType, rotarySettings } from "./rotary";
import type { RotarySettings } from "./rotarySettings";
import { slidingWindow } from "./slidingWindow";

/** Transformers' default. */
const EPSILON = 1e-5;

/**
 * Phi-3 and Phi-4: Llama's blocks with queries, keys and values in one projection and gate and up in another, a sliding
 * window, rotary positions on a part of each head, LongRoPE.
 * Sources: Abdin et al. 2024 (arXiv 2404.14219), section 2; Hugging Face transformers, models/phi3.
 */
export const phi3: ModelFamily = {
  modelType: "phi3",
  title: "Phi-3, Phi-4",
  architecture(config) {
    config.refuseAny("attention_bias", "mlp_bias");
    const sizes = decoderSizes(config);
    const { width, heads, keyValueHeads, headDimension, inner } = sizes;
    const epsilon = config.number("rms_norm_eps", EPSILON);
    const act = activation(config, "hidden_act", "silu");
    const kind = { rotary: phi3Rotary(config, headDimension), slidingWindow: slidingWindow(config) };
    const allHeads = heads + 2 * keyValueHeads;
    return {
      ...llamaArchitecture(config, sizes, {
        biases: { query: false, output: false, mlp: false },
        epsilon: EPSILON,
        attentionKind: () => kind,
      }),
      blockWeights(layer) {
        const block = `model.layers.${layer}`;
        const weights = (key: string, name: string, inputs: number, outputs: number) =>
          linearWeights(key, `${block}.${name}_proj`, { inputs, outputs, bias: false });
        return {
          attentionNorm: { name: `${block}.input_layernorm.weight`, shape: [width] },
          ...weights("queryKeyValue", "self_attn.qkv", width, allHeads * headDimension),
          ...weights("output", "self_attn.o", heads * headDimension, width),
          mlpNorm: { name: `${block}.post_attention_layernorm.weight`, shape: [width] },
          ...weights("gateUp", "mlp.gate_up", width, 2 * inner),
          ...weights("down", "mlp.down", inner, width),
        };
      },
      block(weights, hidden, context) {
        const normed = rmsNorm(hidden, weights.attentionNorm, epsilon); // [T, width]
        // The fused projection holds all queries, then all keys, then all values.
        const fused = linearHeads(normed, weights, "queryKeyValue", allHeads); // [heads + 2 * keyValueHeads, headDimension, T]
        const [queries, keys, values] = tf.split<tf.Tensor3D>(fused, [heads, keyValueHeads, keyValueHeads], 0);
        const mixed = attention({ queries, keys, values, scale: 1 / Math.sqrt(headDimension) }, context);
        const attended = tf.add(hidden, linear(mixed, weights, "output")) as tf.Tensor2D; // [T, width]
        const input = rmsNorm(attended, weights.mlpNorm, epsilon); // [T, width]
        const [gate, up] = tf.split<tf.Tensor2D>(linear(input, weights, "gateUp"), 2, 1); // [T, inner]
        return tf.add(attended, linear(tf.mul(act(gate), up), weights, "down")); // [T, width]
      },
    };
  },
};

function phi3Rotary(config: CheckpointConfig, headDimension: number): RotarySettings {
  const scaling = ropeSection(config);
  const [section, field] = [scaling?.has("partial_rotary_factor") ? scaling : config, "partial_rotary_factor"];
  const dimensions = Math.floor(headDimension * section.number(field, 1));
  if (dimensions % 2 !== 0 || dimensions <= 0 || dimensions > headDimension) section.unsupported(field);
  const type = ropeType(scaling);
  if (type !== "default" && type !== "longrope") scaling?.unsupported("rope_type", JSON.stringify(type));
  // The config's own original length counts, and where it has none transformers' default, whatever the section says.
  return rotarySettings(config, dimensions, config.number("rope_theta", 10000), { usualLength: 4096 });
}

import * as tf from "@tensorflow/tfjs-core";
import type { ModelFamily, Weights } from "./architecture";
import { decoderSizes } from "./decoder";
import { linear } from "./linear";
import { llamaArchitecture } from "./llama";
import { bestOfSoftmax, chosenExperts, router } from "./mixture";
import { partialRotary } from "./partialRotary";
import { ropeSection } from "./rotary";
import { slidingWindow, windowedAttention } from "./slidingWindow";

/** How positions are told where the config does not say (transformers' default). */
const USUAL_ROPE = {
  rope_type: "yarn",
  factor: 32,
  beta_fast: 32,
  beta_slow: 1,
  truncate: false,
  original_max_position_embeddings: 4096,
};

/** Values that share a scale in MXFP4. */
const BLOCK = 32;

/**
 * gpt-oss: grouped queries with biases, a score of each head that takes attention to no token, every second layer with a
 * sliding window, a mixture of experts whose gated linear units are clamped.
 * Sources: OpenAI 2025 (arXiv 2508.10925), section 2; Hugging Face transformers, models/gpt_oss.
 */
export const gptOss: ModelFamily = {
  modelType: "gpt_oss",
  title: "gpt-oss",
  quantization: "mxfp4",
  architecture(given, tensorNames) {
    const config = ropeSection(given) ? given : given.with({ rope_parameters: USUAL_ROPE });
    const sizes = decoderSizes(config, { heads: 64, keyValueHeads: 8, headDimension: 64 });
    const { width, inner, layers, headDimension } = sizes;
    const bias = config.flag("attention_bias", true);
    const count = config.count("num_local_experts", "num_experts");
    const chosen = chosenExperts(config, count, 4);
    const [alpha, limit] = [config.number("swiglu_alpha", 1.702), config.number("swiglu_limit", 7)];
    return llamaArchitecture(config, sizes, {
      biases: { query: bias, output: bias },
      epsilon: 1e-5,
      attention: { sinks: "self_attn.sinks" },
      mlp: {
        count,
        ...router({ width, count }, "mlp.router", true),
        choose: (scores) => bestOfSoftmax(scores, chosen, true),
        expertWeights(block, expert) {
          const one = (name: string, ...shape: number[]) => ({
            name: `${block}.mlp.experts.${name}`,
            shape: [count, ...shape],
            part: expert,
          });
          /** In MXFP4, which has rows of outputs and in them blocks of inputs, or as numbers. */
          const matrix = (name: string, inputs: number, outputs: number) => {
            if (!tensorNames.has(`${block}.mlp.experts.${name}_blocks`)) return one(name, inputs, outputs);
            const blocks = [outputs, Math.ceil(inputs / BLOCK)];
            return { ...one(`${name}_blocks`, ...blocks, BLOCK / 2), scales: one(`${name}_scales`, ...blocks) };
          };
          /** As GGUF files have it. */
          const layer = (key: string, name: string, inputs: number, outputs: number) => ({
            [`${key}.weight`]: { ...one(`${name}.weight`, outputs, inputs), transposed: true },
            [`${key}.bias`]: one(`${name}.bias`, outputs),
          });
          if (tensorNames.has(`${block}.mlp.experts.gate_proj.weight`)) {
            return {
              ...layer("gate", "gate_proj", width, inner),
              ...layer("up", "up_proj", width, inner),
              ...layer("down", "down_proj", inner, width),
            };
          }
          return {
            "gateUp.weight": matrix("gate_up_proj", width, 2 * inner),
            "gateUp.bias": one("gate_up_proj_bias", 2 * inner),
            "down.weight": matrix("down_proj", inner, width),
            "down.bias": one("down_proj_bias", width),
          };
        },
        applyExpert: (input, weights) => clampedMlp(input, weights, alpha, limit),
      },
      attentionKind: windowedAttention(config, {
        layers,
        window: slidingWindow(config, 128),
        rotary: partialRotary(config, headDimension, { share: 1, base: 150_000 }),
        hasWindow: (layer) => layer % 2 === 0,
      }),
    });
  },
};

/** down((up + 1) * gate sigmoid(alpha gate)), gate and up not beyond the limit. */
function clampedMlp(input: tf.Tensor2D, weights: Weights, alpha: number, limit: number): tf.Tensor2D {
  const [gate, up] = weights["gate.weight"]
    ? [linear(input, weights, "gate"), linear(input, weights, "up")]
    : inTurns(linear(input, weights, "gateUp")); // [n, inner]
  const clamped = tf.minimum(gate, limit);
  const gated = tf.mul(clamped, tf.sigmoid(tf.mul(clamped, alpha)));
  return linear(tf.mul(tf.add(tf.clipByValue(up, -limit, limit), 1), gated), weights, "down"); // [n, width]
}

/** The columns 0, 2, .. and 1, 3, ... [n, 2 * inner] -> two of [n, inner] */
function inTurns(both: tf.Tensor2D): tf.Tensor2D[] {
  return tf.unstack(tf.reshape<tf.Rank.R3>(both, [both.shape[0], -1, 2]), 2) as tf.Tensor2D[];
}

import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointConfig } from "../checkpoint/config";
import { activation } from "./activations";
import type { Architecture, ModelFamily } from "./architecture";
import { attention } from "./attention";
import { linear, linearHeads, linearWeights } from "./linear";
import { rmsNorm } from "./normalization";
import { rotarySettings } from "./rotary";

/**
 * Llama: RMSNorm before attention and MLP, rotary positions, grouped queries, gated SiLU MLP.
 * Sources: Touvron et al. 2023 (arXiv 2302.13971), section 2.2; Hugging Face transformers, models/llama.
 */
export const llama: ModelFamily = {
  modelType: "llama",
  title: "Llama",
  architecture: (config) => {
    const attentionBias = config.flag("attention_bias", false);
    const biases = { query: attentionBias, output: attentionBias, mlp: config.flag("mlp_bias", false) };
    return llamaArchitecture(config, biases);
  },
};

/** What Llama and the families that share its blocks have in common. */
export function llamaArchitecture(
  config: CheckpointConfig,
  biases: { query: boolean; output: boolean; mlp: boolean },
): Architecture {
  const width = config.count("hidden_size");
  const layers = config.count("num_hidden_layers");
  const vocabularySize = config.count("vocab_size");
  const heads = config.count("num_attention_heads");
  const keyValueHeads = config.has("num_key_value_heads") ? config.count("num_key_value_heads") : heads;
  if (heads % keyValueHeads !== 0) config.unsupported("num_key_value_heads");
  const headDimension = config.has("head_dim") ? config.count("head_dim") : width / heads;
  if (!Number.isInteger(headDimension / 2)) config.unsupported("num_attention_heads");
  const inner = config.count("intermediate_size");
  const epsilon = config.number("rms_norm_eps", 1e-6);
  const act = activation(config, "hidden_act", "silu");
  const tied = config.flag("tie_word_embeddings", false);
  const embedding = { name: "model.embed_tokens.weight", shape: [vocabularySize, width] };
  const projected = heads * headDimension;
  const shared = keyValueHeads * headDimension;
  return {
    layers,
    width,
    vocabularySize,
    rotary: rotarySettings(config, headDimension, config.number("rope_theta", 10000)),
    embeddingWeights: { embedding },
    finalWeights: { norm: { name: "model.norm.weight", shape: [width] } },
    headWeights: {
      unembedding: { ...embedding, name: tied ? embedding.name : "lm_head.weight", transposed: true },
    },
    blockWeights(layer) {
      const block = `model.layers.${layer}`;
      return {
        attentionNorm: { name: `${block}.input_layernorm.weight`, shape: [width] },
        ...linearWeights("query", `${block}.self_attn.q_proj`, {
          inputs: width,
          outputs: projected,
          bias: biases.query,
        }),
        ...linearWeights("key", `${block}.self_attn.k_proj`, { inputs: width, outputs: shared, bias: biases.query }),
        ...linearWeights("value", `${block}.self_attn.v_proj`, { inputs: width, outputs: shared, bias: biases.query }),
        ...linearWeights("output", `${block}.self_attn.o_proj`, {
          inputs: projected,
          outputs: width,
          bias: biases.output,
        }),
        mlpNorm: { name: `${block}.post_attention_layernorm.weight`, shape: [width] },
        ...linearWeights("gate", `${block}.mlp.gate_proj`, { inputs: width, outputs: inner, bias: biases.mlp }),
        ...linearWeights("up", `${block}.mlp.up_proj`, { inputs: width, outputs: inner, bias: biases.mlp }),
        ...linearWeights("down", `${block}.mlp.down_proj`, { inputs: inner, outputs: width, bias: biases.mlp }),
      };
    },
    embed: (_, tokens) => tokens, // [T, width]
    block(weights, hidden, context) {
      const normed = rmsNorm(hidden, weights.attentionNorm, epsilon); // [T, width]
      const mixed = attention(
        {
          queries: linearHeads(normed, weights, "query", heads), // [heads, headDimension, T]
          keys: linearHeads(normed, weights, "key", keyValueHeads), // [keyValueHeads, headDimension, T]
          values: linearHeads(normed, weights, "value", keyValueHeads), // [keyValueHeads, headDimension, T]
          scale: 1 / Math.sqrt(headDimension),
        },
        context,
      );
      const attended = tf.add(hidden, linear(mixed, weights, "output")) as tf.Tensor2D; // [T, width]
      const input = rmsNorm(attended, weights.mlpNorm, epsilon); // [T, width]
      const gated = tf.mul(act(linear(input, weights, "gate")), linear(input, weights, "up")); // [T, inner]
      return tf.add(attended, linear(gated as tf.Tensor2D, weights, "down")); // [T, width]
    },
    finish: (weights, hidden) => rmsNorm(hidden, weights.norm, epsilon),
    unembed: (weights, hidden) => tf.matMul(hidden, weights.unembedding as tf.Tensor2D), // [t, vocabulary]
  };
}

import * as tf from "@tensorflow/tfjs-core";
import { activation } from "./activations";
import type { ModelFamily, WeightRequests } from "./architecture";
import { attention, PLAIN_ATTENTION } from "./attention";
import { linear, linearHeads } from "./linear";
import { layerNorm, layerNormWeights } from "./normalization";

/** GPT-2's linear layers ("Conv1D") are stored as [in, out], the other way round than everybody else's. */
function conv1dWeights(key: string, prefix: string, inputs: number, outputs: number): WeightRequests {
  return {
    [`${key}.weight`]: { name: `${prefix}.weight`, shape: [inputs, outputs] },
    [`${key}.bias`]: { name: `${prefix}.bias`, shape: [outputs] },
  };
}

/**
 * GPT-2: learned positions, layer norm before each part, tanh GELU.
 * Sources: Radford et al. 2019, section 2.3; Hugging Face transformers, models/gpt2.
 */
export const gpt2: ModelFamily = {
  modelType: "gpt2",
  title: "GPT-2",
  architecture(config) {
    const width = config.count("n_embd", "hidden_size");
    const layers = config.count("n_layer", "num_hidden_layers");
    const vocabularySize = config.count("vocab_size");
    const heads = config.count("n_head", "num_attention_heads");
    const headDimension = width / heads;
    if (!Number.isInteger(headDimension)) config.unsupported("n_head");
    const inner = config.has("n_inner") ? config.count("n_inner") : 4 * width;
    const longestPrompt = config.count("n_positions", "max_position_embeddings");
    const epsilon = config.number("layer_norm_epsilon", 1e-5);
    const act = activation(config, "activation_function", "gelu_new");
    const scaled = config.flag("scale_attn_weights", true) ? 1 / Math.sqrt(headDimension) : 1;
    const scaledByLayer = config.flag("scale_attn_by_inverse_layer_idx", false);
    const tied = config.flag("tie_word_embeddings", true);
    if (config.flag("add_cross_attention", false)) config.unsupported("add_cross_attention");
    const embedding = { name: "transformer.wte.weight", shape: [vocabularySize, width] };
    return {
      layers,
      width,
      vocabularySize,
      longestPrompt,
      attentionKind: () => PLAIN_ATTENTION,
      embeddingWeights: { embedding, positions: { name: "transformer.wpe.weight", shape: [longestPrompt, width] } },
      finalWeights: layerNormWeights("norm", "transformer.ln_f", width),
      headWeights: {
        unembedding: { ...embedding, name: tied ? embedding.name : "lm_head.weight", transposed: true },
      },
      blockWeights(layer) {
        const block = `transformer.h.${layer}`;
        return {
          ...layerNormWeights("attentionNorm", `${block}.ln_1`, width),
          ...conv1dWeights("queryKeyValue", `${block}.attn.c_attn`, width, 3 * width),
          ...conv1dWeights("output", `${block}.attn.c_proj`, width, width),
          ...layerNormWeights("mlpNorm", `${block}.ln_2`, width),
          ...conv1dWeights("up", `${block}.mlp.c_fc`, width, inner),
          ...conv1dWeights("down", `${block}.mlp.c_proj`, inner, width),
        };
      },
      embed(weights, tokens) {
        const positions = tf.slice2d(weights.positions as tf.Tensor2D, [0, 0], [tokens.shape[0], width]);
        return tf.add(tokens, positions); // [T, width]
      },
      block(weights, hidden, context, layer) {
        const normed = layerNorm(hidden, weights, "attentionNorm", epsilon); // [T, width]
        // The fused projection holds all queries, then all keys, then all values.
        const fused = linearHeads(normed, weights, "queryKeyValue", 3 * heads); // [3 * heads, headDimension, T]
        const [queries, keys, values] = [0, 1, 2].map((part) =>
          tf.slice3d(fused, [part * heads, 0, 0], [heads, -1, -1]),
        ); // [heads, headDimension, T]
        const scale = scaledByLayer ? scaled / (layer + 1) : scaled;
        const mixed = attention({ queries, keys, values, scale }, context); // [T, width]
        const attended = tf.add(hidden, linear(mixed, weights, "output")) as tf.Tensor2D; // [T, width]
        const input = layerNorm(attended, weights, "mlpNorm", epsilon); // [T, width]
        return tf.add(attended, linear(act(linear(input, weights, "up")), weights, "down")); // [T, width]
      },
      finish: (weights, hidden) => layerNorm(hidden, weights, "norm", epsilon),
      unembed: (weights, hidden) => tf.matMul(hidden, weights.unembedding as tf.Tensor2D), // [t, vocabulary]
    };
  },
};

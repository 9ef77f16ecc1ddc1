import * as tf from "@tensorflow/tfjs-core";
import { activation } from "./activations";
import type { ModelFamily } from "./architecture";
import { attention } from "./attention";
import { linear, linearHeads, linearWeights } from "./linear";
import { layerNorm, layerNormWeights } from "./normalization";
import { ropeSection, rotarySettings } from "./rotary";

/**
 * GPT-NeoX and Pythia: layer norms, rotary positions on a part of each head, attention and MLP side by side
 * (`use_parallel_residual`) or one after the other.
 * Sources: Black et al. 2022 (arXiv 2204.06745), section 2; Hugging Face transformers, models/gpt_neox.
 */
export const gptNeoX: ModelFamily = {
  modelType: "gpt_neox",
  title: "GPT-NeoX, Pythia",
  architecture(config) {
    const width = config.count("hidden_size");
    const layers = config.count("num_hidden_layers");
    const vocabularySize = config.count("vocab_size");
    const heads = config.count("num_attention_heads");
    const headDimension = width / heads;
    if (!Number.isInteger(headDimension)) config.unsupported("num_attention_heads");
    const inner = config.count("intermediate_size");
    const epsilon = config.number("layer_norm_eps", 1e-5);
    const act = activation(config, "hidden_act", "gelu");
    const parallel = config.flag("use_parallel_residual", true);
    const bias = config.flag("attention_bias", true);
    const tied = config.flag("tie_word_embeddings", false);
    const usualFraction = config.number("rotary_pct", 0.25);
    const fraction = ropeSection(config)?.number("partial_rotary_factor", usualFraction) ?? usualFraction;
    const turned = Math.floor(headDimension * fraction);
    if (turned % 2 !== 0 || turned < 0 || turned > headDimension) config.unsupported("rotary_pct");
    // Transformers does not look at a rope_theta outside of the section.
    const base = config.number("rotary_emb_base", 10000);
    const attentionKind = { rotary: turned > 0 ? rotarySettings(config, turned, base) : undefined };
    const embedding = { name: "gpt_neox.embed_in.weight", shape: [vocabularySize, width] };
    return {
      layers,
      width,
      vocabularySize,
      attentionKind: () => attentionKind,
      embeddingWeights: { embedding },
      finalWeights: layerNormWeights("norm", "gpt_neox.final_layer_norm", width),
      headWeights: {
        unembedding: { ...embedding, name: tied ? embedding.name : "embed_out.weight", transposed: true },
      },
      blockWeights(layer) {
        const block = `gpt_neox.layers.${layer}`;
        return {
          ...layerNormWeights("attentionNorm", `${block}.input_layernorm`, width),
          ...linearWeights("queryKeyValue", `${block}.attention.query_key_value`, {
            inputs: width,
            outputs: 3 * width,
            bias,
          }),
          ...linearWeights("output", `${block}.attention.dense`, { inputs: width, outputs: width, bias }),
          ...layerNormWeights("mlpNorm", `${block}.post_attention_layernorm`, width),
          ...linearWeights("up", `${block}.mlp.dense_h_to_4h`, { inputs: width, outputs: inner, bias: true }),
          ...linearWeights("down", `${block}.mlp.dense_4h_to_h`, { inputs: inner, outputs: width, bias: true }),
        };
      },
      embed: (_, tokens) => tokens, // [T, width]
      block(weights, hidden, context) {
        const normed = layerNorm(hidden, weights, "attentionNorm", epsilon); // [T, width]
        // The fused projection holds, head after head, the query, the key and the value of that head.
        const fused = linearHeads(normed, weights, "queryKeyValue", heads); // [heads, 3 * headDimension, T]
        const [queries, keys, values] = [0, 1, 2].map((part) =>
          tf.slice3d(fused, [0, part * headDimension, 0], [-1, headDimension, -1]),
        ); // [heads, headDimension, T]
        const mixed = attention({ queries, keys, values, scale: 1 / Math.sqrt(headDimension) }, context); // [T, width]
        const attended = tf.add(hidden, linear(mixed, weights, "output")) as tf.Tensor2D; // [T, width]
        const input = layerNorm(parallel ? hidden : attended, weights, "mlpNorm", epsilon); // [T, width]
        return tf.add(attended, linear(act(linear(input, weights, "up")), weights, "down")); // [T, width]
      },
      finish: (weights, hidden) => layerNorm(hidden, weights, "norm", epsilon),
      unembed: (weights, hidden) => tf.matMul(hidden, weights.unembedding as tf.Tensor2D), // [t, vocabulary]
    };
  },
};

import * as tf from "@tensorflow/tfjs-core";
import { activation } from "./activations";
import type { ModelFamily, Weights } from "./architecture";
import { attention, PLAIN_ATTENTION } from "./attention";
import { linear, linearHeads, linearWeights } from "./linear";
import { layerNorm, layerNormWeights } from "./normalization";

/** The table of positions begins with two rows that are never used (a leftover of fairseq's padding index). */
const POSITION_OFFSET = 2;

/** OPT's layer norms use PyTorch's default; the config does not name it. */
const EPSILON = 1e-5;

/**
 * OPT: learned positions, ReLU MLP, layer norm before each part (after it in the 350M model, which also embeds in a
 * smaller space and projects in and out of it).
 * Sources: Zhang et al. 2022 (arXiv 2205.01068); Hugging Face transformers, models/opt.
 */
export const opt: ModelFamily = {
  modelType: "opt",
  title: "OPT",
  architecture(config) {
    const width = config.count("hidden_size");
    const layers = config.count("num_hidden_layers");
    const vocabularySize = config.count("vocab_size");
    const heads = config.count("num_attention_heads");
    const headDimension = width / heads;
    if (!Number.isInteger(headDimension)) config.unsupported("num_attention_heads");
    const inner = config.count("ffn_dim");
    const longestPrompt = config.count("max_position_embeddings");
    const embeddingWidth = config.has("word_embed_proj_dim") ? config.count("word_embed_proj_dim") : width;
    const normFirst = config.flag("do_layer_norm_before", true);
    const finalNorm = normFirst && !config.flag("_remove_final_layer_norm", false);
    const bias = config.flag("enable_bias", true);
    if (!config.flag("layer_norm_elementwise_affine", true)) config.unsupported("layer_norm_elementwise_affine");
    const act = activation(config, "activation_function", "relu");
    const tied = config.flag("tie_word_embeddings", true);
    const embedding = { name: "model.decoder.embed_tokens.weight", shape: [vocabularySize, embeddingWidth] };
    const projected = embeddingWidth !== width;
    const norm = (hidden: tf.Tensor2D, weights: Weights, name: string) => layerNorm(hidden, weights, name, EPSILON);
    const square = { inputs: width, outputs: width, bias };
    return {
      layers,
      width,
      vocabularySize,
      longestPrompt,
      attentionKind: () => PLAIN_ATTENTION,
      embeddingWeights: {
        embedding,
        positions: { name: "model.decoder.embed_positions.weight", shape: [longestPrompt + POSITION_OFFSET, width] },
        ...(projected &&
          linearWeights("projectIn", "model.decoder.project_in", {
            inputs: embeddingWidth,
            outputs: width,
            bias: false,
          })),
      },
      finalWeights: {
        ...(finalNorm && layerNormWeights("norm", "model.decoder.final_layer_norm", width)),
        ...(projected &&
          linearWeights("projectOut", "model.decoder.project_out", {
            inputs: width,
            outputs: embeddingWidth,
            bias: false,
          })),
      },
      headWeights: {
        unembedding: { ...embedding, name: tied ? embedding.name : "lm_head.weight", transposed: true },
      },
      blockWeights(layer) {
        const block = `model.decoder.layers.${layer}`;
        return {
          ...layerNormWeights("attentionNorm", `${block}.self_attn_layer_norm`, width),
          ...linearWeights("query", `${block}.self_attn.q_proj`, square),
          ...linearWeights("key", `${block}.self_attn.k_proj`, square),
          ...linearWeights("value", `${block}.self_attn.v_proj`, square),
          ...linearWeights("output", `${block}.self_attn.out_proj`, square),
          ...layerNormWeights("mlpNorm", `${block}.final_layer_norm`, width),
          ...linearWeights("up", `${block}.fc1`, { inputs: width, outputs: inner, bias }),
          ...linearWeights("down", `${block}.fc2`, { inputs: inner, outputs: width, bias }),
        };
      },
      embed(weights, tokens) {
        const positions = tf.slice2d(weights.positions as tf.Tensor2D, [POSITION_OFFSET, 0], [tokens.shape[0], width]);
        return tf.add(projected ? linear(tokens, weights, "projectIn") : tokens, positions); // [T, width]
      },
      block(weights, hidden, context) {
        const normed = normFirst ? norm(hidden, weights, "attentionNorm") : hidden; // [T, width]
        const mixed = attention(
          {
            queries: linearHeads(normed, weights, "query", heads), // [heads, headDimension, T]
            keys: linearHeads(normed, weights, "key", heads), // [heads, headDimension, T]
            values: linearHeads(normed, weights, "value", heads), // [heads, headDimension, T]
            scale: 1 / Math.sqrt(headDimension),
          },
          context,
        );
        let attended = tf.add(hidden, linear(mixed, weights, "output")) as tf.Tensor2D; // [T, width]
        if (!normFirst) attended = norm(attended, weights, "attentionNorm");
        const input = normFirst ? norm(attended, weights, "mlpNorm") : attended; // [T, width]
        const output = tf.add(attended, linear(act(linear(input, weights, "up")), weights, "down")) as tf.Tensor2D;
        return normFirst ? output : norm(output, weights, "mlpNorm"); // [T, width]
      },
      finish(weights, hidden) {
        const normed = finalNorm ? norm(hidden, weights, "norm") : hidden; // [T, width]
        return projected ? linear(normed, weights, "projectOut") : normed; // [T, embeddingWidth]
      },
      unembed: (weights, hidden) => tf.matMul(hidden, weights.unembedding as tf.Tensor2D), // [t, vocabulary]
    };
  },
};

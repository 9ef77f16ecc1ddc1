import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointConfig } from "../machine/checkpoint/config";
import { activation } from "./activations";
import type { Architecture, AttentionKind, ModelFamily } from "./architecture";
import { attention } from "./attention";
import {
  attentionWeights,
  type DecoderSizes,
  decoderSizes,
  gatedMlp,
  gatedMlpWeights,
  headNormWeights,
  outerWeights,
} from "./decoder";
import { linear, linearHeads } from "./linear";
import { rmsNorm } from "./normalization";
import { decoderRotary } from "./rotary";

/**
 * Llama: RMSNorm before attention and MLP, rotary positions, grouped queries, gated SiLU MLP.
 * Sources: Touvron et al. 2023 (arXiv 2302.13971), section 2.2; Hugging Face transformers, models/llama.
 */
export const llama: ModelFamily = {
  modelType: "llama",
  title: "Llama",
  architecture(config) {
    const sizes = decoderSizes(config);
    const attentionBias = config.flag("attention_bias", false);
    const kind = { rotary: decoderRotary(config, sizes.headDimension) };
    return llamaArchitecture(config, sizes, {
      biases: { query: attentionBias, output: attentionBias, mlp: config.flag("mlp_bias", false) },
      attentionKind: () => kind,
    });
  },
};

/** In what the families with Llama's blocks differ. */
export interface LlamaVariant {
  /** Which linear layers have biases: those of queries, keys and values, that of the output, those of the MLP. */
  biases: { query: boolean; output: boolean; mlp: boolean };
  /** Of the norms, where the config does not say: 1e-6 if undefined. */
  epsilon?: number;
  /** Each head's queries and keys are normed before they are turned. */
  headNorms?: boolean;
  attentionKind(layer: number): AttentionKind;
}

/** What Llama and the families that share its blocks have in common. */
export function llamaArchitecture(
  config: CheckpointConfig,
  sizes: DecoderSizes,
  { biases, epsilon: usualEpsilon = 1e-6, headNorms = false, attentionKind }: LlamaVariant,
): Architecture {
  const { width, layers, vocabularySize, heads, keyValueHeads, headDimension } = sizes;
  const epsilon = config.number("rms_norm_eps", usualEpsilon);
  const act = activation(config, "hidden_act", "silu");
  return {
    layers,
    width,
    vocabularySize,
    attentionKind,
    ...outerWeights(sizes, config.flag("tie_word_embeddings", false)),
    blockWeights(layer) {
      const block = `model.layers.${layer}`;
      return {
        attentionNorm: { name: `${block}.input_layernorm.weight`, shape: [width] },
        ...attentionWeights(block, sizes, biases),
        ...(headNorms && headNormWeights(block, sizes)),
        mlpNorm: { name: `${block}.post_attention_layernorm.weight`, shape: [width] },
        ...gatedMlpWeights(block, sizes, biases.mlp),
      };
    },
    embed: (_, tokens) => tokens, // [T, width]
    block(weights, hidden, context) {
      const normed = rmsNorm(hidden, weights.attentionNorm, epsilon); // [T, width]
      const queries = linearHeads(normed, weights, "query", heads); // [heads, headDimension, T]
      const keys = linearHeads(normed, weights, "key", keyValueHeads); // [keyValueHeads, headDimension, T]
      const mixed = attention(
        {
          queries: headNorms ? rmsNorm(queries, weights.queryNorm, epsilon) : queries,
          keys: headNorms ? rmsNorm(keys, weights.keyNorm, epsilon) : keys,
          values: linearHeads(normed, weights, "value", keyValueHeads), // [keyValueHeads, headDimension, T]
          scale: 1 / Math.sqrt(headDimension),
        },
        context,
      );
      const attended = tf.add(hidden, linear(mixed, weights, "output")) as tf.Tensor2D; // [T, width]
      const input = rmsNorm(attended, weights.mlpNorm, epsilon); // [T, width]
      return tf.add(attended, gatedMlp(input, weights, act)); // [T, width]
    },
    finish: (weights, hidden) => rmsNorm(hidden, weights.norm, epsilon),
    unembed: (weights, hidden) => tf.matMul(hidden, weights.unembedding as tf.Tensor2D), // [t, vocabulary]
  };
}

import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointConfig } from "../machine/checkpoint/config";
import { activation } from "./activations";
import type { Architecture, ModelFamily } from "./architecture";
import { attention } from "./attention";
import {
  attentionWeights,
  type DecoderNames,
  decoderSizes,
  gatedMlp,
  gatedMlpWeights,
  headNormWeights,
  outerWeights,
  USUAL_NAMES,
} from "./decoder";
import { linear, linearHeads } from "./linear";
import { rmsNorm } from "./normalization";
import { refusePartialRotary, rotaryOf } from "./rotary";
import type { RotarySettings } from "./rotarySettings";
import { slidingWindow, windowedAttention } from "./slidingWindow";

/** The sizes of a config that leaves them out, as the hub's configs of the larger models do (transformers' defaults). */
const DEFAULT_SIZES = { vocabularySize: 262_208, heads: 8, keyValueHeads: 4, headDimension: 256 };

/**
 * Gemma 3, its text models: norms before and after each part, a norm over the features of each query head and key head, and
 * layers with a sliding window between layers without one, each with a rotary base of its own.
 * Sources: Gemma Team 2025 (arXiv 2503.19786), section 2; Hugging Face transformers, models/gemma3.
 */
export const gemma3Text: ModelFamily = {
  modelType: "gemma3_text",
  title: "Gemma 3 (text)",
  architecture: (config) => gemma3Architecture(config, config.flag("tie_word_embeddings", true), USUAL_NAMES),
};

/** The text model that a config describes, by itself or as a part of a larger one. */
export function gemma3Architecture(config: CheckpointConfig, tied: boolean, names: DecoderNames): Architecture {
  config.refuseAny("attn_logit_softcapping", "final_logit_softcapping", "use_bidirectional_attention");
  const sizes = decoderSizes(config, DEFAULT_SIZES);
  const { width, layers, vocabularySize, heads, keyValueHeads, headDimension } = sizes;
  const epsilon = config.number("rms_norm_eps", 1e-6);
  const act = activation(config, "hidden_activation", "gelu_pytorch_tanh");
  const bias = config.flag("attention_bias", false);
  const scale = 1 / Math.sqrt(config.countOr("query_pre_attn_scalar", 256));
  // Rounded as transformers holds it beside float32 weights.
  const embeddingScale = Math.fround(Math.sqrt(width));
  const period = config.countOr("sliding_window_pattern", 6);
  /** A norm whose weights are stored as their distance from 1. */
  const norm = <T extends tf.Tensor2D | tf.Tensor3D>(features: T, weight: tf.Tensor) =>
    rmsNorm(features, tf.add(weight, 1), epsilon);
  return {
    layers,
    width,
    vocabularySize,
    attentionKind: windowedAttention(config, {
      layers,
      window: slidingWindow(config, 4096),
      ...gemma3Rotary(config, headDimension),
      hasWindow: (layer) => (layer + 1) % period !== 0,
    }),
    ...outerWeights(sizes, tied, names),
    blockWeights(layer) {
      const block = `${names.root}.layers.${layer}`;
      const normWeight = (name: string) => ({ name: `${block}.${name}_layernorm.weight`, shape: [width] });
      return {
        attentionNorm: normWeight("input"),
        ...attentionWeights(block, sizes, { query: bias, output: bias }),
        ...headNormWeights(block, sizes),
        attendedNorm: normWeight("post_attention"),
        mlpNorm: normWeight("pre_feedforward"),
        ...gatedMlpWeights(block, sizes, false),
        outputNorm: normWeight("post_feedforward"),
      };
    },
    embed: (_, tokens) => tf.mul(tokens, embeddingScale), // [T, width]
    block(weights, hidden, context) {
      const normed = norm(hidden, weights.attentionNorm); // [T, width]
      const mixed = attention(
        {
          queries: norm(linearHeads(normed, weights, "query", heads), weights.queryNorm), // [heads, headDimension, T]
          keys: norm(linearHeads(normed, weights, "key", keyValueHeads), weights.keyNorm), // [keyValueHeads, headDimension, T]
          values: linearHeads(normed, weights, "value", keyValueHeads), // [keyValueHeads, headDimension, T]
          scale,
        },
        context,
      );
      const attended = tf.add<tf.Tensor2D>(hidden, norm(linear(mixed, weights, "output"), weights.attendedNorm)); // [T, width]
      const output = gatedMlp(norm(attended, weights.mlpNorm), weights, act); // [T, width]
      return tf.add(attended, norm(output, weights.outputNorm)); // [T, width]
    },
    finish: (weights, hidden) => norm(hidden, weights.norm),
    unembed: (weights, hidden) => tf.matMul(hidden, weights.unembedding as tf.Tensor2D), // [t, vocabulary]
  };
}

/** The types of layers in `rope_parameters`. */
const [WHOLE, WINDOWED] = ["full_attention", "sliding_attention"];

/**
 * The rotary settings of both kinds of layers, in either of transformers' spellings: `rope_parameters` by type of layer, or
 * `rope_theta` and `rope_scaling` for the layers without a window and `rope_local_base_freq` for those with one.
 */
function gemma3Rotary(
  config: CheckpointConfig,
  headDimension: number,
): { rotary: RotarySettings; windowRotary: RotarySettings } {
  const byType = config.section("rope_parameters");
  const others = Object.keys(byType?.fields ?? {}).filter((name) => name !== WHOLE && name !== WINDOWED);
  byType?.refuseAny(...others);
  const scaling = config.section("rope_scaling");
  // Transformers would add the one to the other.
  if (scaling && byType) config.unsupported("rope_scaling", "an object beside rope_parameters");
  // Transformers takes this older name for no scaling at all.
  if (scaling?.has("type") && !scaling.has("rope_type")) scaling.unsupported("type");
  const [whole, windowed] = [scaling ?? byType?.section(WHOLE), byType?.section(WINDOWED)];
  refusePartialRotary(config, whole, windowed);
  return {
    rotary: rotaryOf(config, whole, headDimension, config.number("rope_theta", 1e6), { isNested: true }),
    windowRotary: rotaryOf(config, windowed, headDimension, config.number("rope_local_base_freq", 1e4), {
      isNested: true,
    }),
  };
}

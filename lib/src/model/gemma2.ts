import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointConfig } from "../machine/checkpoint/config";
import { activation, softCapped } from "./activations";
import type { Architecture, AttentionKind, ModelFamily } from "./architecture";
import { type DecoderSizes, decoderSizes } from "./decoder";
import { decoderArchitecture } from "./decoderBlocks";
import { gatedMlp } from "./mlp";
import { overEachHead, rootMeanSquare } from "./norms";
import { decoderRotary } from "./rotary";
import { selfAttention, separate } from "./selfAttention";
import { slidingWindow, windowedAttention } from "./slidingWindow";

/** The sizes of a config that leaves them out (transformers' defaults). */
const DEFAULT_SIZES = { vocabularySize: 256_000, heads: 8, keyValueHeads: 4, headDimension: 256 };

/**
 * Gemma 2: norms before and after each part, every second layer with a sliding window, attention scores and logits bent by
 * a tanh. Sources: Gemma Team 2024 (arXiv 2408.00118), section 2; Hugging Face transformers, models/gemma2.
 */
export const gemma2: ModelFamily = {
  modelType: "gemma2",
  title: "Gemma 2",
  architecture(config) {
    const sizes = decoderSizes(config, DEFAULT_SIZES);
    return gemmaArchitecture(config, sizes, {
      tied: config.flag("tie_word_embeddings", true),
      scoreCap: cap(config, "attn_logit_softcapping", 50),
      logitCap: cap(config, "final_logit_softcapping", 30),
      attentionKind: windowedAttention(config, {
        layers: sizes.layers,
        window: slidingWindow(config, 4096),
        rotary: decoderRotary(config, sizes.headDimension),
        hasWindow: (layer) => layer % 2 === 0,
      }),
    });
  },
};

/** A cap that an explicit null does without. */
function cap(config: CheckpointConfig, name: string, usual: number): number | undefined {
  return config.fields[name] === null ? undefined : config.number(name, usual);
}

/** In what Gemma 2 and 3 differ. */
export interface GemmaVariant {
  tied: boolean;
  headNorms?: boolean;
  scoreCap?: number;
  logitCap?: number;
  attentionKind(layer: number): AttentionKind;
}

/** What Gemma 2 and 3 have in common. */
export function gemmaArchitecture(config: CheckpointConfig, sizes: DecoderSizes, variant: GemmaVariant): Architecture {
  config.refuseAny("use_bidirectional_attention");
  const { headNorms, scoreCap, logitCap, ...others } = variant;
  const bias = config.flag("attention_bias", false);
  // Weights are stored as their distance from 1.
  const norm = rootMeanSquare(config.number("rms_norm_eps", 1e-6), 1);
  // Rounded as transformers holds it beside float32 weights.
  const embeddingScale = Math.fround(Math.sqrt(sizes.width));
  const architecture = decoderArchitecture(sizes, {
    ...others,
    norm,
    norms: {
      attention: "input_layernorm",
      attended: "post_attention_layernorm",
      mlp: "pre_feedforward_layernorm",
      output: "post_feedforward_layernorm",
    },
    attention: selfAttention(sizes, {
      projection: separate(sizes, bias),
      output: { name: "self_attn.o_proj", bias },
      scale: 1 / Math.sqrt(config.countOr("query_pre_attn_scalar", 256)),
      headNorm: headNorms
        ? { norm: overEachHead(norm), query: "self_attn.q_norm", key: "self_attn.k_norm" }
        : undefined,
      softCap: scoreCap,
    }),
    mlp: gatedMlp(sizes, activation(config, "hidden_activation", "gelu_pytorch_tanh"), false),
  });
  return {
    ...architecture,
    embed: (_, rows) => tf.mul(rows, embeddingScale), // [T, width]
    unembed: (weights, hidden) => softCapped(architecture.unembed(weights, hidden), logitCap),
  };
}

import * as tf from "@tensorflow/tfjs-core";
import type { ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import { llamaArchitecture } from "./llama";
import { overAllHeads } from "./norms";
import { qwenMixture } from "./qwen3Moe";
import { decoderRotary } from "./rotary";
import type { Heads } from "./selfAttention";

/**
 * OLMoE: Llama's blocks with norms over the queries of all heads and over the keys, and a mixture of experts.
 * Sources: Muennighoff et al. 2024 (arXiv 2409.02060), section 2; Hugging Face transformers, models/olmoe.
 */
export const olmoe: ModelFamily = {
  modelType: "olmoe",
  title: "OLMoE",
  architecture(config, tensorNames) {
    const sizes = decoderSizes(config);
    const bias = config.flag("attention_bias", false);
    config.refuseAny("sliding_window");
    const kind = { rotary: decoderRotary(config, sizes.headDimension) };
    const clip = config.has("clip_qkv") ? config.number("clip_qkv") : undefined;
    return llamaArchitecture(config, sizes, {
      biases: { query: bias, output: bias },
      epsilon: 1e-5,
      headNorms: overAllHeads,
      attention: { prepare: clip === undefined ? undefined : clipped(clip) },
      mlp: qwenMixture(config, { ...sizes, usualCount: 64 }, tensorNames),
      attentionKind: () => kind,
    });
  },
};

/** Queries, keys and values within -limit .. limit. */
function clipped(limit: number): (heads: Heads) => Heads {
  const clip = (features: tf.Tensor3D) => tf.clipByValue(features, -limit, limit);
  return ({ queries, keys, values }) => ({ queries: clip(queries), keys: clip(keys), values: clip(values) });
}

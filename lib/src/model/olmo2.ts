import type { CheckpointConfig } from "../machine/checkpoint/config";
import type { Architecture, AttentionKind, ModelFamily } from "./architecture";
import { type DecoderSizes, decoderSizes } from "./decoder";
import type { DecoderParts } from "./decoderBlocks";
import { rotaryByType } from "./gemma3Text";
import { llamaArchitecture } from "./llama";
import { overAllHeads } from "./norms";
import { decoderRotary } from "./rotary";
import { slidingWindow, windowedAttention } from "./slidingWindow";

/** The norms of a block that has none before attention and MLP, but one after each. */
export const NORMS_AFTER: DecoderParts["norms"] = {
  attended: "post_attention_layernorm",
  output: "post_feedforward_layernorm",
};

/**
 * OLMo 2: Llama's blocks with the norms after each part, and norms over the queries of all heads and over the keys.
 * Sources: OLMo Team 2025 (arXiv 2501.00656), section 2; Hugging Face transformers, models/olmo2.
 */
export const olmo2: ModelFamily = {
  modelType: "olmo2",
  title: "OLMo 2",
  architecture(config) {
    const sizes = decoderSizes(config);
    const kind = { rotary: decoderRotary(config, sizes.headDimension) };
    return olmoArchitecture(config, sizes, () => kind);
  },
};

/** OLMo 3: OLMo 2 with a sliding window in three of four layers. Source: Hugging Face transformers, models/olmo3. */
export const olmo3: ModelFamily = {
  modelType: "olmo3",
  title: "OLMo 3",
  architecture(config) {
    const sizes = decoderSizes(config);
    const kinds = windowedAttention(config, {
      layers: sizes.layers,
      window: slidingWindow(config, 4096),
      // Transformers 5.24 takes rope_theta for the layers without a window alone.
      ...rotaryByType(config, sizes.headDimension, { whole: config.number("rope_theta", 5e5), windowed: 5e5 }),
      hasWindow: (layer) => (layer + 1) % 4 !== 0,
    });
    return olmoArchitecture(config, sizes, kinds);
  },
};

function olmoArchitecture(
  config: CheckpointConfig,
  sizes: DecoderSizes,
  attentionKind: (layer: number) => AttentionKind,
): Architecture {
  const bias = config.flag("attention_bias", false);
  return llamaArchitecture(config, sizes, {
    biases: { query: bias, output: bias },
    epsilon: 1e-5,
    headNorms: overAllHeads,
    norms: NORMS_AFTER,
    attentionKind,
  });
}

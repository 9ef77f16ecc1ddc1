import type { CheckpointConfig } from "../machine/checkpoint/config";
import type { Architecture, ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import { gemmaArchitecture } from "./gemma2";
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
  architecture: (config) => gemma3Architecture(config, config.flag("tie_word_embeddings", true)),
};

/** The text model that a config describes, by itself or as a part of a larger one. */
export function gemma3Architecture(config: CheckpointConfig, tied: boolean): Architecture {
  config.refuseAny("attn_logit_softcapping", "final_logit_softcapping");
  const sizes = decoderSizes(config, DEFAULT_SIZES);
  const period = config.countOr("sliding_window_pattern", 6);
  return gemmaArchitecture(config, sizes, {
    tied,
    headNorms: true,
    attentionKind: windowedAttention(config, {
      layers: sizes.layers,
      window: slidingWindow(config, 4096),
      ...rotaryByType(config, sizes.headDimension, {
        whole: config.number("rope_theta", 1e6),
        windowed: config.number("rope_local_base_freq", 1e4),
      }),
      hasWindow: (layer) => (layer + 1) % period !== 0,
    }),
  });
}

/** The types of layers in `rope_parameters`. */
const [WHOLE, WINDOWED] = ["full_attention", "sliding_attention"];

/**
 * The rotary settings of both kinds of layers, in either of transformers' spellings: `rope_parameters` by type of layer, or
 * `rope_theta` and `rope_scaling` for the layers without a window and a base of its own for those with one.
 *
 * @param bases theta of the layers without a window and of those with one, where `rope_parameters` has none
 */
export function rotaryByType(
  config: CheckpointConfig,
  headDimension: number,
  bases: { whole: number; windowed: number },
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
    rotary: rotaryOf(config, whole, headDimension, bases.whole, { isNested: true }),
    windowRotary: rotaryOf(config, windowed, headDimension, bases.windowed, { isNested: true }),
  };
}

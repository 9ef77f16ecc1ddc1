import { type ConfigFields, type GgufArchitecture, weightsOnly } from "./architecture";
import { LLAMA_TENSORS, llamaConfig, rotaryBase } from "./llamaBlocks";
import type { GgufSettings } from "./settings";

/** LongRoPE: by what each pair of features turns more slowly, in long prompts and in short ones. */
const [LONG, SHORT] = ["rope_factors_long.weight", "rope_factors_short.weight"];

/**
 * Phi-3 and Phi-4: queries, keys and values in one projection, gate and up in another, as Hugging Face has them.
 * Sources: llama.cpp, convert_hf_to_gguf.py (`Phi3MiniModel`); Hugging Face transformers, integrations/ggml.py.
 */
export const phi3: GgufArchitecture = {
  name: "phi3",
  config(settings) {
    const fields = llamaConfig(settings);
    const headDimension = fields.head_dim as number;
    const turned = settings.count("rope.dimension_count", headDimension);
    return {
      model_type: "phi3",
      ...fields,
      ...rotaryBase(settings),
      ...longRope(settings),
      partial_rotary_factor: shareOf(turned, headDimension),
      sliding_window: settings.has("attention.sliding_window") ? settings.count("attention.sliding_window") : null,
    };
  },
  settingTensors: [LONG, SHORT],
  tensors: {
    ...LLAMA_TENSORS,
    ...weightsOnly({
      "blk.N.attn_qkv": "model.layers.N.self_attn.qkv_proj",
      "blk.N.ffn_up": "model.layers.N.mlp.gate_up_proj",
    }),
  },
};

/** The share of a head's features that are turned, so that rounding down what it makes of the head gives them back. */
export function shareOf(turned: number, headDimension: number): number {
  return Math.min(1, (turned + 0.25) / headDimension);
}

function longRope(settings: GgufSettings): ConfigFields {
  if (!settings.tensors.has(LONG) && !settings.tensors.has(SHORT)) return {};
  if (settings.text("rope.scaling.type", "none") !== "none") settings.unsupported("rope.scaling.type");
  const grown = settings.has("rope.scaling.attn_factor")
    ? { attention_factor: settings.number("rope.scaling.attn_factor") }
    : {};
  return {
    original_max_position_embeddings: settings.count("rope.scaling.original_context_length"),
    max_position_embeddings: settings.count("context_length"),
    rope_scaling: {
      rope_type: "longrope",
      long_factor: settings.values(LONG),
      short_factor: settings.values(SHORT),
      ...grown,
    },
  };
}

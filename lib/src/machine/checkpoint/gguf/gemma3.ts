import { type GgufArchitecture, type Placement, type TensorRule, weightsOnly } from "./architecture";
import { LLAMA_TENSORS, llamaConfig, rotaryBase } from "./llamaBlocks";
import { HEAD_NORMS } from "./qwen";
import type { GgufSettings } from "./settings";

/** The model with 27 billion weights, which the file tells from the others by nothing else. */
const LAYERS_OF_27B = 62;

/** Five layers with a window, then one without. */
const PATTERN = 6;

/** Has a norm's weight as its distance from 1. */
export const fromOne = (): Placement => ({ addend: -1 });

/** The tensors that Gemma 2 and 3 have in common. */
export const GEMMA_TENSORS: Readonly<Record<string, TensorRule>> = {
  ...LLAMA_TENSORS,
  ...weightsOnly(
    {
      output_norm: "model.norm",
      "blk.N.attn_norm": "model.layers.N.input_layernorm",
      "blk.N.post_attention_norm": "model.layers.N.post_attention_layernorm",
      "blk.N.ffn_norm": "model.layers.N.pre_feedforward_layernorm",
      "blk.N.post_ffw_norm": "model.layers.N.post_feedforward_layernorm",
    },
    fromOne,
  ),
};

/**
 * Gemma 3, its text models. Norms are stored as what they multiply with, 1 more than Hugging Face's weight. What the file
 * does not say is what transformers fills in: rotary base of the layers with a window, their pattern; the scale of queries
 * is by the width of a head, in the largest model by the width of the model.
 * Sources: llama.cpp, convert_hf_to_gguf.py (`Gemma3Model`); Hugging Face transformers, modeling_gguf_pytorch_utils.py,
 * models/gemma3/configuration_gemma3.py.
 */
export const gemma3: GgufArchitecture = {
  name: "gemma3",
  config(settings) {
    const fields = llamaConfig(settings);
    const { head_dim: headDimension, num_hidden_layers: layers } = fields;
    settings.only("rope.dimension_count", headDimension as number);
    settings.only("attention.sliding_window_pattern", PATTERN);
    return {
      model_type: "gemma3_text",
      ...fields,
      ...rotaryBase(settings, 1e6),
      rope_local_base_freq: settings.number("rope.freq_base_swa", 10000),
      sliding_window: settings.count("attention.sliding_window"),
      sliding_window_pattern: PATTERN,
      query_pre_attn_scalar: layers === LAYERS_OF_27B ? headShare(settings) : headDimension,
    };
  },
  tensors: { ...GEMMA_TENSORS, ...weightsOnly(HEAD_NORMS, fromOne) },
};

/** Features of the model for each head. */
export function headShare(settings: GgufSettings): number {
  return settings.count("embedding_length") / settings.count("attention.head_count");
}

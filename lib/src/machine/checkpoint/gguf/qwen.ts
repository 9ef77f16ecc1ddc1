import { type GgufArchitecture, weightsOnly } from "./architecture";
import { LLAMA_TENSORS, llamaConfig, rotaryConfig } from "./llamaBlocks";

/**
 * Qwen2 and Qwen2.5, without a sliding window, which the format has no setting for.
 * Sources: llama.cpp, convert_hf_to_gguf.py (`Qwen2Model`); Hugging Face transformers, integrations/ggml.py.
 */
export const qwen2: GgufArchitecture = {
  name: "qwen2",
  config(settings) {
    const fields = llamaConfig(settings);
    return { model_type: "qwen2", ...fields, ...rotaryConfig(settings, fields.head_dim) };
  },
  tensors: LLAMA_TENSORS,
};

/** Norms of each head's queries and keys. */
export const HEAD_NORMS: Readonly<Record<string, string>> = {
  "blk.N.attn_q_norm": "model.layers.N.self_attn.q_norm",
  "blk.N.attn_k_norm": "model.layers.N.self_attn.k_norm",
};

/** Qwen3 (dense). Sources: as {@link qwen2}, `Qwen3Model`. */
export const qwen3: GgufArchitecture = {
  name: "qwen3",
  config(settings) {
    const fields = llamaConfig(settings);
    return {
      model_type: "qwen3",
      ...fields,
      ...rotaryConfig(settings, fields.head_dim),
      attention_bias: settings.tensors.has("blk.0.attn_q.bias"),
    };
  },
  tensors: { ...LLAMA_TENSORS, ...weightsOnly(HEAD_NORMS) },
};

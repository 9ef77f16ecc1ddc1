import { type ConfigFields, type GgufArchitecture, weightsOnly } from "./architecture";
import { expertTensors, LLAMA_TENSORS, llamaConfig, llamaConfigWithExperts, rotaryConfig } from "./llamaBlocks";
import type { GgufSettings } from "./settings";

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

/** The experts of Qwen and the families after it. */
export const QWEN_EXPERTS = expertTensors("mlp.gate", [
  "mlp.experts.gate_proj",
  "mlp.experts.up_proj",
  "mlp.experts.down_proj",
]);

/** What the format says of them. */
export function expertConfig(settings: GgufSettings): ConfigFields {
  return {
    num_experts: settings.count("expert_count"),
    num_experts_per_tok: settings.count("expert_used_count"),
    ...(settings.has("expert_feed_forward_length") && {
      moe_intermediate_size: settings.count("expert_feed_forward_length"),
    }),
  };
}

/** Qwen3's mixtures; llama.cpp takes the shares of the experts to add up to 1. Sources: as {@link qwen2}, `Qwen3MoeModel`. */
export const qwen3Moe: GgufArchitecture = {
  name: "qwen3moe",
  config(settings) {
    const fields = llamaConfigWithExperts(settings);
    return {
      model_type: "qwen3_moe",
      ...fields,
      ...rotaryConfig(settings, fields.head_dim),
      ...expertConfig(settings),
      norm_topk_prob: settings.flag("expert_weights_norm", true),
      attention_bias: settings.tensors.has("blk.0.attn_q.bias"),
    };
  },
  tensors: { ...LLAMA_TENSORS, ...weightsOnly(HEAD_NORMS), ...QWEN_EXPERTS },
};

/** OLMoE; llama.cpp takes the shares of the experts as they are. Sources: llama.cpp, conversion/olmo.py (`OlmoeModel`). */
export const olmoe: GgufArchitecture = {
  name: "olmoe",
  config(settings) {
    const fields = llamaConfigWithExperts(settings);
    return {
      model_type: "olmoe",
      ...fields,
      ...rotaryConfig(settings, fields.head_dim),
      ...expertConfig(settings),
    };
  },
  tensors: { ...LLAMA_TENSORS, ...weightsOnly(HEAD_NORMS), ...QWEN_EXPERTS },
};

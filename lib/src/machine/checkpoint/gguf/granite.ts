import type { GgufArchitecture } from "./architecture";
import { LLAMA_ORDER } from "./llama";
import { llamaConfig, rotaryConfig } from "./llamaBlocks";

/** Granite 3, with tensors in Llama's order. Sources: llama.cpp, conversion/granite.py (`GraniteModel`). */
export const granite: GgufArchitecture = {
  name: "granite",
  config(settings) {
    const fields = llamaConfig(settings);
    return {
      model_type: "granite",
      ...fields,
      ...rotaryConfig(settings, fields.head_dim),
      attention_multiplier: settings.number("attention.scale"),
      embedding_multiplier: settings.number("embedding_scale"),
      residual_multiplier: settings.number("residual_scale"),
      logits_scaling: settings.number("logit_scale"),
      attention_bias: settings.tensors.has("blk.0.attn_q.bias"),
      mlp_bias: settings.tensors.has("blk.0.ffn_up.bias"),
    };
  },
  tensors: LLAMA_ORDER,
};

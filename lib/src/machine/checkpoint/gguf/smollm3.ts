import type { GgufArchitecture } from "./architecture";
import { LLAMA_ORDER } from "./llama";
import { llamaConfig, rotaryConfig } from "./llamaBlocks";

/**
 * SmolLM3, with tensors in Llama's order. Every fourth layer has no positions, which the file does not say.
 * Sources: llama.cpp, conversion/llama.py (`SmolLM3Model`), src/models/smollm3.cpp.
 */
export const smollm3: GgufArchitecture = {
  name: "smollm3",
  config(settings) {
    const fields = llamaConfig(settings);
    return {
      model_type: "smollm3",
      ...fields,
      ...rotaryConfig(settings, fields.head_dim),
      no_rope_layer_interval: 4,
      attention_bias: settings.tensors.has("blk.0.attn_q.bias"),
      mlp_bias: settings.tensors.has("blk.0.ffn_up.bias"),
    };
  },
  tensors: LLAMA_ORDER,
};

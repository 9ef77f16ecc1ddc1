import { type GgufArchitecture, weightsOnly } from "./architecture";
import { LLAMA_TENSORS, layeredConfig, rotaryConfig } from "./llamaBlocks";

/**
 * Command R, Command R+ and Aya 23. The norms of the heads' queries, and of their keys, stand in one tensor.
 * Sources: llama.cpp, conversion/command_r.py (`CommandR2Model`), src/models/command-r.cpp.
 */
export const commandR: GgufArchitecture = {
  name: "command-r",
  config(settings) {
    const { layer_norm_epsilon: epsilon, ...fields } = layeredConfig(settings);
    return {
      model_type: "cohere",
      ...fields,
      ...rotaryConfig(settings, fields.head_dim),
      layer_norm_eps: epsilon,
      logit_scale: settings.number("logit_scale"),
      use_qk_norm: settings.tensors.has("blk.0.attn_q_norm.weight"),
    };
  },
  tensors: {
    ...LLAMA_TENSORS,
    ...weightsOnly({
      "blk.N.attn_q_norm": "model.layers.N.self_attn.q_norm",
      "blk.N.attn_k_norm": "model.layers.N.self_attn.k_norm",
    }),
  },
};

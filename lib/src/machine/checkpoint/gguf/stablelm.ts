import { type GgufArchitecture, weightsAndBiases, weightsOnly } from "./architecture";
import { LAYER_NORMS, LLAMA_TENSORS, layeredConfig, rotaryBase } from "./llamaBlocks";
import { shareOf } from "./phi3";

/**
 * StableLM. The norms of the heads' queries, and of their keys, stand in one tensor; Hugging Face has one for each head.
 * Sources: llama.cpp, conversion/stablelm.py (`StableLMModel`), src/models/stablelm.cpp.
 */
export const stablelm: GgufArchitecture = {
  name: "stablelm",
  config(settings) {
    const { layer_norm_epsilon: epsilon, ...fields } = layeredConfig(settings);
    // llama.cpp goes by whether there is a second norm.
    settings.flag("use_parallel_residual", true);
    return {
      model_type: "stablelm",
      ...fields,
      ...rotaryBase(settings),
      layer_norm_eps: epsilon,
      partial_rotary_factor: shareOf(settings.count("rope.dimension_count"), fields.head_dim as number),
      use_qkv_bias: settings.tensors.has("blk.0.attn_q.bias"),
      qk_layernorm: settings.tensors.has("blk.0.attn_q_norm.weight"),
      use_parallel_residual: !settings.tensors.has("blk.0.ffn_norm.weight"),
    };
  },
  tensors: {
    ...LLAMA_TENSORS,
    ...weightsAndBiases(LAYER_NORMS),
    ...weightsOnly({
      "blk.N.attn_q_norm": "model.layers.N.self_attn.q_layernorm",
      "blk.N.attn_k_norm": "model.layers.N.self_attn.k_layernorm",
    }),
  },
};

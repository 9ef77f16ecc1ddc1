import { type GgufArchitecture, weightsAndBiases } from "./architecture";
import { LAYER_NORMS, LLAMA_TENSORS, layeredConfig, rotaryBase } from "./llamaBlocks";
import { shareOf } from "./phi3";

/**
 * StableLM, without norms of queries and keys, which the file has in one tensor and Hugging Face head by head.
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
      use_parallel_residual: !settings.tensors.has("blk.0.ffn_norm.weight"),
    };
  },
  tensors: { ...LLAMA_TENSORS, ...weightsAndBiases(LAYER_NORMS) },
};

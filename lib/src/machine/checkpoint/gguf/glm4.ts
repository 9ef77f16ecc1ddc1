import { type GgufArchitecture, weightsOnly } from "./architecture";
import { LLAMA_TENSORS, llamaConfig, rotaryBase } from "./llamaBlocks";
import { shareOf } from "./phi3";

/** GLM-4-0414. Sources: llama.cpp, conversion/glm.py (`Glm4Model`). */
export const glm4: GgufArchitecture = {
  name: "glm4",
  config(settings) {
    const fields = llamaConfig(settings);
    return {
      model_type: "glm4",
      ...fields,
      ...rotaryBase(settings),
      partial_rotary_factor: shareOf(settings.count("rope.dimension_count"), fields.head_dim as number),
      attention_bias: settings.tensors.has("blk.0.attn_q.bias"),
    };
  },
  tensors: {
    ...LLAMA_TENSORS,
    ...weightsOnly({
      "blk.N.ffn_up": "model.layers.N.mlp.gate_up_proj",
      "blk.N.post_attention_norm": "model.layers.N.post_self_attn_layernorm",
      "blk.N.post_ffw_norm": "model.layers.N.post_mlp_layernorm",
    }),
  },
};

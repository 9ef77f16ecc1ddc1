import { type GgufArchitecture, weightsAndBiases } from "./architecture";
import { LAYER_NORMS, LLAMA_TENSORS, layeredConfig, rotaryConfig } from "./llamaBlocks";

/**
 * StarCoder2, without a sliding window, which its files do not say. Sources: llama.cpp, conversion/starcoder.py
 * (`StarCoder2Model`).
 */
export const starcoder2: GgufArchitecture = {
  name: "starcoder2",
  config(settings) {
    const { layer_norm_epsilon: epsilon, ...fields } = layeredConfig(settings);
    return {
      model_type: "starcoder2",
      ...fields,
      ...rotaryConfig(settings, fields.head_dim),
      norm_epsilon: epsilon,
      use_bias: settings.tensors.has("blk.0.attn_q.bias"),
    };
  },
  tensors: {
    ...LLAMA_TENSORS,
    ...weightsAndBiases({
      ...LAYER_NORMS,
      "blk.N.ffn_up": "model.layers.N.mlp.c_fc",
      "blk.N.ffn_down": "model.layers.N.mlp.c_proj",
    }),
  },
};

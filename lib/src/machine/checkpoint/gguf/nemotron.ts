import { type GgufArchitecture, weightsAndBiases, weightsOnly } from "./architecture";
import { fromOne } from "./gemma3";
import { LAYER_NORMS, LLAMA_TENSORS, layeredConfig, rotaryBase } from "./llamaBlocks";
import { shareOf } from "./phi3";

/** Nemotron, whose norms are stored as what they multiply with. Sources: llama.cpp, conversion/nemotron.py (`NemotronModel`). */
export const nemotron: GgufArchitecture = {
  name: "nemotron",
  config(settings) {
    const { layer_norm_epsilon: epsilon, ...fields } = layeredConfig(settings);
    // Written beside the epsilon that counts.
    settings.has("attention.layer_norm_rms_epsilon");
    return {
      model_type: "nemotron",
      ...fields,
      ...rotaryBase(settings),
      norm_eps: epsilon,
      partial_rotary_factor: shareOf(settings.count("rope.dimension_count"), fields.head_dim as number),
      attention_bias: settings.tensors.has("blk.0.attn_q.bias"),
      mlp_bias: settings.tensors.has("blk.0.ffn_up.bias"),
    };
  },
  tensors: { ...LLAMA_TENSORS, ...weightsAndBiases(LAYER_NORMS), ...weightsOnly(LAYER_NORMS, fromOne) },
};

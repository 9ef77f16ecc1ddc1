import { type GgufArchitecture, weightsAndBiases, weightsOnly } from "./architecture";
import { LLAMA_TENSORS, llamaConfigWithExperts, rotaryConfig } from "./llamaBlocks";

/**
 * gpt-oss. Gate and up of the experts stand in two tensors; Hugging Face has their outputs in turns. Every second layer has a
 * window, and the bounds of YaRN are not rounded, which the file does not say: llama.cpp rounds them.
 * Sources: llama.cpp, conversion/gpt_oss.py (`GptOssModel`), src/models/openai-moe.cpp; config.json of openai/gpt-oss-20b.
 */
export const gptOss: GgufArchitecture = {
  name: "gpt-oss",
  config(settings) {
    const fields = llamaConfigWithExperts(settings);
    const { rope_theta: theta, rope_scaling: scaling } = rotaryConfig(settings, fields.head_dim);
    return {
      model_type: "gpt_oss",
      ...fields,
      rope_parameters: { rope_theta: theta, ...(scaling ? { ...scaling, truncate: false } : { rope_type: "default" }) },
      intermediate_size: settings.count("expert_feed_forward_length"),
      num_local_experts: settings.count("expert_count"),
      num_experts_per_tok: settings.count("expert_used_count"),
      sliding_window: settings.count("attention.sliding_window"),
      attention_bias: settings.tensors.has("blk.0.attn_q.bias"),
    };
  },
  tensors: {
    ...LLAMA_TENSORS,
    "blk.N.attn_sinks.weight": { name: "model.layers.N.self_attn.sinks" },
    ...weightsOnly({ "blk.N.post_attention_norm": "model.layers.N.post_attention_layernorm" }),
    ...weightsAndBiases({
      "blk.N.ffn_gate_inp": "model.layers.N.mlp.router",
      "blk.N.ffn_gate_exps": "model.layers.N.mlp.experts.gate_proj",
      "blk.N.ffn_up_exps": "model.layers.N.mlp.experts.up_proj",
      "blk.N.ffn_down_exps": "model.layers.N.mlp.experts.down_proj",
    }),
  },
};

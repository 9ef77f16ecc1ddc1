import { type GgufArchitecture, weightsAndBiases, weightsOnly } from "./architecture";
import { layeredConfig, rotaryConfig } from "./llamaBlocks";

/**
 * Falcon 7B, with one head of keys: of larger ones the file has queries, keys and values in another order.
 * Sources: llama.cpp, conversion/falcon.py (`FalconModel`).
 */
export const falcon: GgufArchitecture = {
  name: "falcon",
  config(settings) {
    settings.only("attention.head_count_kv", 1);
    const { intermediate_size: inner, head_dim: headDimension, ...fields } = layeredConfig(settings);
    const bias = settings.tensors.has("blk.0.attn_qkv.bias");
    return { model_type: "falcon", ...fields, ...rotaryConfig(settings, headDimension), ffn_hidden_size: inner, bias };
  },
  tensors: {
    ...weightsOnly({ token_embd: "transformer.word_embeddings", output: "lm_head" }),
    ...weightsAndBiases({
      output_norm: "transformer.ln_f",
      "blk.N.attn_norm": "transformer.h.N.input_layernorm",
      "blk.N.attn_qkv": "transformer.h.N.self_attention.query_key_value",
      "blk.N.attn_output": "transformer.h.N.self_attention.dense",
      "blk.N.ffn_up": "transformer.h.N.mlp.dense_h_to_4h",
      "blk.N.ffn_down": "transformer.h.N.mlp.dense_4h_to_h",
    }),
  },
};

import { type GgufArchitecture, weightsAndBiases, weightsOnly } from "./architecture";
import { headAfterHead } from "./gptNeoX";
import { layeredConfig } from "./llamaBlocks";

/** BLOOM; all queries, all keys, all values instead of head after head. Sources: llama.cpp, conversion/bloom.py (`BloomModel`). */
export const bloom: GgufArchitecture = {
  name: "bloom",
  config(settings) {
    const fields = layeredConfig(settings);
    settings.only("attention.head_count_kv", fields.num_attention_heads as number);
    settings.only("feed_forward_length", 4 * (fields.hidden_size as number));
    return { model_type: "bloom", ...fields };
  },
  tensors: {
    ...weightsOnly({ token_embd: "transformer.word_embeddings", output: "lm_head" }),
    ...weightsAndBiases({
      token_embd_norm: "transformer.word_embeddings_layernorm",
      output_norm: "transformer.ln_f",
      "blk.N.attn_norm": "transformer.h.N.input_layernorm",
      "blk.N.attn_output": "transformer.h.N.self_attention.dense",
      "blk.N.ffn_norm": "transformer.h.N.post_attention_layernorm",
      "blk.N.ffn_up": "transformer.h.N.mlp.dense_h_to_4h",
      "blk.N.ffn_down": "transformer.h.N.mlp.dense_4h_to_h",
    }),
    ...weightsAndBiases({ "blk.N.attn_qkv": "transformer.h.N.self_attention.query_key_value" }, headAfterHead),
  },
};

import { type ConfigFields, type GgufArchitecture, weightsAndBiases, weightsOnly } from "./architecture";
import { layeredConfig, rotaryConfig } from "./llamaBlocks";

/** A field that Hugging Face does not have: queries, keys and values in the file's order. */
export const FUSED_IN_THIRDS = "fused in thirds by GGUF";

/** In blocks that have a norm for attention and another one for the MLP, it is the former. */
const SECOND_NORM = "blk.0.attn_norm_2.weight";

/**
 * Falcon with rotary positions. The fused projection holds all queries, then all keys, then all values; Hugging Face has for
 * each head of keys the queries that share it, the key and the value, which is the same with one head of keys (7B).
 * Sources: llama.cpp, conversion/falcon.py (`FalconModel`).
 */
export const falcon: GgufArchitecture = {
  name: "falcon",
  config(settings) {
    const { intermediate_size: inner, head_dim: headDimension, ...fields } = layeredConfig(settings);
    const bias = settings.tensors.has("blk.0.attn_qkv.bias");
    return {
      model_type: "falcon",
      ...fields,
      ...rotaryConfig(settings, headDimension),
      ffn_hidden_size: inner,
      bias,
      ...(fields.num_key_value_heads !== 1 && {
        new_decoder_architecture: true,
        num_kv_heads: fields.num_key_value_heads,
        num_ln_in_parallel_attn: settings.tensors.has(SECOND_NORM) ? 2 : 1,
        [FUSED_IN_THIRDS]: true,
      }),
    };
  },
  tensors: {
    ...weightsOnly({ token_embd: "transformer.word_embeddings", output: "lm_head" }),
    "blk.N.attn_norm.weight": { name: (config) => `${firstNorm(config)}.weight` },
    "blk.N.attn_norm.bias": { name: (config) => `${firstNorm(config)}.bias` },
    ...weightsAndBiases({
      output_norm: "transformer.ln_f",
      "blk.N.attn_norm_2": "transformer.h.N.ln_attn",
      "blk.N.attn_qkv": "transformer.h.N.self_attention.query_key_value",
      "blk.N.attn_output": "transformer.h.N.self_attention.dense",
      "blk.N.ffn_up": "transformer.h.N.mlp.dense_h_to_4h",
      "blk.N.ffn_down": "transformer.h.N.mlp.dense_4h_to_h",
    }),
  },
};

function firstNorm({ num_ln_in_parallel_attn: count }: ConfigFields): string {
  return `transformer.h.N.${count === 2 ? "ln_mlp" : "input_layernorm"}`;
}

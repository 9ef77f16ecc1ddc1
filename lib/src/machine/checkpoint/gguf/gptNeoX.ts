import type { GgufTensor } from "../../gguf/header";
import { UserError } from "../../support/errors";
import {
  type ConfigFields,
  type GgufArchitecture,
  type Placement,
  swappedRows,
  weightsAndBiases,
  weightsOnly,
} from "./architecture";
import { shareOf } from "./phi3";

/**
 * GPT-NeoX and Pythia. The fused projection holds all queries, then all keys, then all values; Hugging Face has those of
 * one head after those of the other. The file does not name the activation, which is the exact GELU in all released models.
 * Source: llama.cpp, convert_hf_to_gguf.py (`GPTNeoXModel`).
 */
export const gptNeoX: GgufArchitecture = {
  name: "gptneox",
  config(settings) {
    settings.only("attention.causal", true);
    const width = settings.count("embedding_length");
    const heads = settings.count("attention.head_count");
    settings.only("attention.head_count_kv", heads);
    const headDimension = width / heads;
    return {
      model_type: "gpt_neox",
      hidden_size: width,
      num_hidden_layers: settings.count("block_count"),
      intermediate_size: settings.count("feed_forward_length"),
      num_attention_heads: heads,
      layer_norm_eps: settings.number("attention.layer_norm_epsilon"),
      hidden_act: "gelu",
      use_parallel_residual: settings.flag("use_parallel_residual", true),
      attention_bias: settings.tensors.has("blk.0.attn_qkv.bias"),
      rotary_pct: shareOf(settings.count("rope.dimension_count"), headDimension),
      rotary_emb_base: settings.number("rope.freq_base", 10000),
      vocab_size: settings.matrix("token_embd.weight").shape[0],
      tie_word_embeddings: !settings.tensors.has("output.weight"),
    };
  },
  tensors: {
    ...weightsOnly({ token_embd: "gpt_neox.embed_in", output: "embed_out" }),
    ...weightsAndBiases({
      output_norm: "gpt_neox.final_layer_norm",
      "blk.N.attn_norm": "gpt_neox.layers.N.input_layernorm",
      "blk.N.attn_output": "gpt_neox.layers.N.attention.dense",
      "blk.N.ffn_norm": "gpt_neox.layers.N.post_attention_layernorm",
      "blk.N.ffn_up": "gpt_neox.layers.N.mlp.dense_h_to_4h",
      "blk.N.ffn_down": "gpt_neox.layers.N.mlp.dense_4h_to_h",
    }),
    ...weightsAndBiases({ "blk.N.attn_qkv": "gpt_neox.layers.N.attention.query_key_value" }, headAfterHead),
  },
};

/** Queries, keys and values head after head, which the file has one after the other. */
export function headAfterHead(tensor: GgufTensor, config: ConfigFields): Placement {
  const heads = config.num_attention_heads as number;
  if (!Number.isInteger(tensor.shape[0] / heads / 3)) {
    throw new UserError(`${tensor.file}: tensor "${tensor.name}" of shape [${tensor.shape}] has no ${heads} heads`);
  }
  return swappedRows(tensor, { outer: 1, first: 3, second: heads });
}

import { type GgufArchitecture, weightsAndBiases, weightsOnly } from "./architecture";
import { layeredConfig } from "./llamaBlocks";

/** SantaCoder and StarCoder, with one head of keys. Sources: llama.cpp, conversion/starcoder.py (`StarCoderModel`). */
export const starcoder: GgufArchitecture = {
  name: "starcoder",
  config(settings) {
    settings.only("attention.head_count_kv", 1);
    const fields = layeredConfig(settings);
    return {
      model_type: "gpt_bigcode",
      ...fields,
      // The file's feed_forward_length is four times the width, whatever the layers are.
      n_inner: settings.matrix("blk.0.ffn_up.weight").shape[0],
      n_positions: settings.matrix("position_embd.weight").shape[0],
    };
  },
  tensors: {
    ...weightsOnly({ token_embd: "transformer.wte", position_embd: "transformer.wpe", output: "lm_head" }),
    ...weightsAndBiases({
      output_norm: "transformer.ln_f",
      "blk.N.attn_norm": "transformer.h.N.ln_1",
      "blk.N.attn_qkv": "transformer.h.N.attn.c_attn",
      "blk.N.attn_output": "transformer.h.N.attn.c_proj",
      "blk.N.ffn_norm": "transformer.h.N.ln_2",
      "blk.N.ffn_up": "transformer.h.N.mlp.c_fc",
      "blk.N.ffn_down": "transformer.h.N.mlp.c_proj",
    }),
  },
};

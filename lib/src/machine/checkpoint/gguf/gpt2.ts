import type { GgufTensor } from "../../gguf/header";
import { type GgufArchitecture, type Placement, weightsAndBiases, weightsOnly } from "./architecture";

/**
 * GPT-2. Its linear layers are stored as [out, in], as everybody else's; Hugging Face has GPT-2's as [in, out].
 * Sources: llama.cpp, convert_hf_to_gguf.py (`GPT2Model`); Hugging Face transformers, modeling_gguf_pytorch_utils.py.
 */
export const gpt2: GgufArchitecture = {
  name: "gpt2",
  config(settings) {
    settings.only("attention.causal", true);
    return {
      model_type: "gpt2",
      n_embd: settings.count("embedding_length"),
      n_layer: settings.count("block_count"),
      n_head: settings.count("attention.head_count"),
      n_inner: settings.count("feed_forward_length"),
      n_positions: settings.matrix("position_embd.weight").shape[0],
      layer_norm_epsilon: settings.number("attention.layer_norm_epsilon"),
      vocab_size: settings.matrix("token_embd.weight").shape[0],
      tie_word_embeddings: !settings.tensors.has("output.weight"),
    };
  },
  tensors: {
    ...weightsOnly({
      token_embd: "transformer.wte",
      position_embd: "transformer.wpe",
      output: "lm_head",
    }),
    ...weightsAndBiases({
      output_norm: "transformer.ln_f",
      "blk.N.attn_norm": "transformer.h.N.ln_1",
      "blk.N.ffn_norm": "transformer.h.N.ln_2",
    }),
    ...weightsAndBiases(
      {
        "blk.N.attn_qkv": "transformer.h.N.attn.c_attn",
        "blk.N.attn_output": "transformer.h.N.attn.c_proj",
        "blk.N.ffn_up": "transformer.h.N.mlp.c_fc",
        "blk.N.ffn_down": "transformer.h.N.mlp.c_proj",
      },
      inputsFirst,
    ),
  },
};

function inputsFirst({ shape }: GgufTensor): Placement {
  return shape.length === 2 ? { shape: [shape[1], shape[0]], strides: [1, shape[1]] } : {};
}

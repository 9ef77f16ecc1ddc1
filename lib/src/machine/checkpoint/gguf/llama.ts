import type { GgufTensor } from "../../gguf/header";
import { UserError } from "../../support/errors";
import {
  type ConfigFields,
  type GgufArchitecture,
  type Placement,
  swappedRows,
  weightsAndBiases,
} from "./architecture";
import { LLAMA_TENSORS, llamaConfig, rotaryConfig } from "./llamaBlocks";
import type { GgufSettings } from "./settings";

/** A `rope_type` that Hugging Face does not have, with `divisors`, one for each pair of features. */
export const DIVIDED = "divided by GGUF";

/** Of Llama 3.1 and later: what the frequencies of the rotary positions are divided by. [headDimension / 2] */
const DIVISORS = "rope_freqs.weight";

/**
 * Llama, and Mistral, which llama.cpp stores as one. The features that are turned together stand side by side in a head of
 * queries and keys: (0, 1), (2, 3), ..; Hugging Face has those of the first half before those of the second.
 * Sources: llama.cpp, convert_hf_to_gguf.py (`LlamaModel`); Hugging Face transformers, modeling_gguf_pytorch_utils.py.
 */
export const llama: GgufArchitecture = {
  name: "llama",
  config(settings) {
    const fields = llamaConfig(settings);
    return {
      ...fields,
      ...rotaryConfig(settings, fields.head_dim),
      ...dividedFrequencies(settings),
      ...(settings.has("attention.sliding_window")
        ? { model_type: "mistral", sliding_window: settings.count("attention.sliding_window") }
        : { model_type: "llama" }),
      attention_bias: settings.tensors.has("blk.0.attn_q.bias"),
      mlp_bias: settings.tensors.has("blk.0.ffn_up.bias"),
    };
  },
  settingTensors: [DIVISORS],
  tensors: {
    ...LLAMA_TENSORS,
    ...weightsAndBiases({ "blk.N.attn_q": "model.layers.N.self_attn.q_proj" }, (tensor, config) =>
      neighborsApart(tensor, config.num_attention_heads as number),
    ),
    ...weightsAndBiases({ "blk.N.attn_k": "model.layers.N.self_attn.k_proj" }, (tensor, config) =>
      neighborsApart(tensor, config.num_key_value_heads as number),
    ),
  },
};

function neighborsApart(tensor: GgufTensor, heads: number): Placement {
  const pairs = tensor.shape[0] / heads / 2;
  if (!Number.isInteger(pairs)) {
    throw new UserError(`${tensor.file}: tensor "${tensor.name}" of shape [${tensor.shape}] has no ${heads} heads`);
  }
  return swappedRows(tensor, { outer: heads, first: pairs, second: 2 });
}

function dividedFrequencies(settings: GgufSettings): ConfigFields {
  if (!settings.tensors.has(DIVISORS)) return {};
  if (settings.text("rope.scaling.type", "none") !== "none") settings.unsupported("rope.scaling.type");
  return { rope_scaling: { rope_type: DIVIDED, divisors: settings.values(DIVISORS) } };
}

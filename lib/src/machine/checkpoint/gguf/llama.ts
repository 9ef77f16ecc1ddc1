import type { GgufTensor } from "../../gguf/header";
import { UserError } from "../../support/errors";
import {
  type ConfigFields,
  type GgufArchitecture,
  type Placement,
  swappedRows,
  type TensorRule,
  weightsAndBiases,
} from "./architecture";
import { expertTensors, LLAMA_TENSORS, llamaConfigWithExperts, rotaryConfig } from "./llamaBlocks";
import type { GgufSettings } from "./settings";

/** A `rope_type` that Hugging Face does not have, with `divisors`, one for each pair of features. */
export const DIVIDED = "divided by GGUF";

/** Of Llama 3.1 and later: what the frequencies of the rotary positions are divided by. [headDimension / 2] */
export const DIVISORS = "rope_freqs.weight";

/** Names and order of Llama's tensors, which SmolLM3's and Granite's have, too. */
export const LLAMA_ORDER: Readonly<Record<string, TensorRule>> = {
  ...LLAMA_TENSORS,
  ...weightsAndBiases({ "blk.N.attn_q": "model.layers.N.self_attn.q_proj" }, (tensor, config) =>
    neighborsApart(tensor, config.num_attention_heads as number),
  ),
  ...weightsAndBiases({ "blk.N.attn_k": "model.layers.N.self_attn.k_proj" }, (tensor, config) =>
    neighborsApart(tensor, config.num_key_value_heads as number),
  ),
};

/**
 * Llama, Mistral and Mixtral, which llama.cpp stores as one. The features that are turned together stand side by side in a head of
 * queries and keys: (0, 1), (2, 3), ..; Hugging Face has those of the first half before those of the second.
 * Sources: llama.cpp, convert_hf_to_gguf.py (`LlamaModel`); Hugging Face transformers, modeling_gguf_pytorch_utils.py.
 */
export const llama: GgufArchitecture = {
  name: "llama",
  config(settings) {
    const experts = settings.number("expert_count", 0);
    const fields = llamaConfigWithExperts(settings);
    const window = settings.has("attention.sliding_window")
      ? { sliding_window: settings.count("attention.sliding_window") }
      : {};
    return {
      ...fields,
      ...rotaryConfig(settings, fields.head_dim),
      ...dividedFrequencies(settings),
      ...window,
      model_type: experts > 0 ? "mixtral" : "sliding_window" in window ? "mistral" : "llama",
      ...(experts > 0 && { num_local_experts: experts, num_experts_per_tok: settings.count("expert_used_count") }),
      attention_bias: settings.tensors.has("blk.0.attn_q.bias"),
      mlp_bias: settings.tensors.has("blk.0.ffn_up.bias"),
    };
  },
  settingTensors: [DIVISORS],
  tensors: {
    ...LLAMA_ORDER,
    ...expertTensors("block_sparse_moe.gate", [
      "block_sparse_moe.experts.w1",
      "block_sparse_moe.experts.w3",
      "block_sparse_moe.experts.w2",
    ]),
  },
};

function neighborsApart(tensor: GgufTensor, heads: number): Placement {
  const pairs = tensor.shape[0] / heads / 2;
  if (!Number.isInteger(pairs)) {
    throw new UserError(`${tensor.file}: tensor "${tensor.name}" of shape [${tensor.shape}] has no ${heads} heads`);
  }
  return swappedRows(tensor, { outer: heads, first: pairs, second: 2 });
}

/** Llama 3.1's rule for longer contexts, as what each frequency is divided by. */
export function dividedFrequencies(settings: GgufSettings): ConfigFields {
  if (!settings.tensors.has(DIVISORS)) return {};
  if (settings.text("rope.scaling.type", "none") !== "none") settings.unsupported("rope.scaling.type");
  return { rope_scaling: { rope_type: DIVIDED, divisors: settings.values(DIVISORS) } };
}

import { type ConfigFields, type TensorRule, weightsAndBiases, weightsOnly } from "./architecture";
import type { GgufSettings } from "./settings";

/** Tensors that Llama and the families that share its blocks have in common. */
export const LLAMA_TENSORS: Readonly<Record<string, TensorRule>> = {
  ...weightsOnly({
    token_embd: "model.embed_tokens",
    output_norm: "model.norm",
    output: "lm_head",
    "blk.N.attn_norm": "model.layers.N.input_layernorm",
    "blk.N.ffn_norm": "model.layers.N.post_attention_layernorm",
  }),
  ...weightsAndBiases({
    "blk.N.attn_q": "model.layers.N.self_attn.q_proj",
    "blk.N.attn_k": "model.layers.N.self_attn.k_proj",
    "blk.N.attn_v": "model.layers.N.self_attn.v_proj",
    "blk.N.attn_output": "model.layers.N.self_attn.o_proj",
    "blk.N.ffn_gate": "model.layers.N.mlp.gate_proj",
    "blk.N.ffn_up": "model.layers.N.mlp.up_proj",
    "blk.N.ffn_down": "model.layers.N.mlp.down_proj",
  }),
};

/** Tensors of a mixture of experts: those of all experts stacked. @param names of the router and of the three layers */
export function expertTensors(
  router: string,
  [gate, up, down]: readonly [string, string, string],
): Record<string, TensorRule> {
  return weightsOnly({
    "blk.N.ffn_gate_inp": `model.layers.N.${router}`,
    "blk.N.ffn_gate_exps": `model.layers.N.${gate}`,
    "blk.N.ffn_up_exps": `model.layers.N.${up}`,
    "blk.N.ffn_down_exps": `model.layers.N.${down}`,
  });
}

/** Settings that they have in common, apart from how positions are told. */
export function llamaConfig(settings: GgufSettings): ConfigFields {
  settings.only("expert_count", 0);
  return llamaConfigWithExperts(settings);
}

/** The same of a family that may have experts. */
export function llamaConfigWithExperts(settings: GgufSettings): ConfigFields {
  return { ...decoderConfig(settings), rms_norm_eps: settings.number("attention.layer_norm_rms_epsilon") };
}

/** The norms of a block and after the blocks, of families that have layer norms. */
export const LAYER_NORMS = {
  output_norm: "model.norm",
  "blk.N.attn_norm": "model.layers.N.input_layernorm",
  "blk.N.ffn_norm": "model.layers.N.post_attention_layernorm",
};

/** The same of such a family. */
export function layeredConfig(settings: GgufSettings): ConfigFields {
  settings.only("expert_count", 0);
  return { ...decoderConfig(settings), layer_norm_epsilon: settings.number("attention.layer_norm_epsilon") };
}

/** The same of a family that may have other norms, or experts. */
function decoderConfig(settings: GgufSettings): ConfigFields {
  settings.only("attention.causal", true);
  const width = settings.count("embedding_length");
  const heads = settings.count("attention.head_count");
  const headDimension = settings.count("attention.key_length", width / heads);
  settings.only("attention.value_length", headDimension);
  return {
    hidden_size: width,
    num_hidden_layers: settings.count("block_count"),
    intermediate_size: settings.count("feed_forward_length"),
    num_attention_heads: heads,
    num_key_value_heads: settings.count("attention.head_count_kv", heads),
    head_dim: headDimension,
    vocab_size: settings.matrix("token_embd.weight").shape[0],
    tie_word_embeddings: !settings.tensors.has("output.weight"),
  };
}

/**
 * How positions are told: `rope_theta` and, where frequencies are divided by one number or scaled by YaRN, `rope_scaling`.
 *
 * @param headDimension so many features of a head have to be turned, all of them
 */
export function rotaryConfig(settings: GgufSettings, headDimension: unknown): ConfigFields {
  settings.only("rope.dimension_count", headDimension as number);
  return rotaryBase(settings);
}

/** The same for a family that may turn a part of each head, or has another base where the file says none. */
export function rotaryBase(settings: GgufSettings, base = 10000): ConfigFields {
  return { rope_theta: settings.number("rope.freq_base", base), ...scalingOf(settings) };
}

function scalingOf(settings: GgufSettings): ConfigFields {
  // An older spelling of a linear one.
  const older = settings.has("rope.scale_linear") ? "linear" : "none";
  const type = settings.text("rope.scaling.type", settings.has("rope.scaling.factor") ? "linear" : older);
  if (type === "yarn") return { rope_scaling: yarn(settings) };
  if (type !== "none" && type !== "linear") settings.unsupported("rope.scaling.type");
  // Says where the other kinds of scaling begin.
  settings.has("rope.scaling.original_context_length");
  const factor = settings.number("rope.scaling.factor", settings.number("rope.scale_linear", 1));
  return type === "linear" && factor !== 1 ? { rope_scaling: { rope_type: "linear", factor } } : {};
}

/** The fields of YaRN, by their names in the file. */
const YARN_FIELDS = { yarn_attn_factor: "attention_factor", yarn_beta_fast: "beta_fast", yarn_beta_slow: "beta_slow" };

/** YaRN as the model was trained with it; llama.cpp goes by less: of most families it reads none of {@link YARN_FIELDS}. */
function yarn(settings: GgufSettings): ConfigFields {
  settings.only("rope.scaling.yarn_ext_factor", 1);
  const given = Object.entries(YARN_FIELDS).filter(([name]) => settings.has(`rope.scaling.${name}`));
  return {
    rope_type: "yarn",
    factor: settings.number("rope.scaling.factor"),
    original_max_position_embeddings: settings.count("rope.scaling.original_context_length"),
    ...Object.fromEntries(given.map(([name, field]) => [field, settings.number(`rope.scaling.${name}`)])),
  };
}

import type { CheckpointConfig } from "../machine/checkpoint/config";

/** The sizes of Llama and of the families after it, which have shared keys and values and a gated MLP. */
export interface DecoderSizes {
  width: number;
  layers: number;
  vocabularySize: number;
  /** Of the queries. */
  heads: number;
  keyValueHeads: number;
  /** Features of a head; even, since rotary positions turn them in pairs. */
  headDimension: number;
  /** Width of the MLP's gate. */
  inner: number;
}

/** What a family takes for a size that the config leaves out, where that is a number of its own. */
export type DecoderDefaults = Partial<
  Pick<DecoderSizes, "vocabularySize" | "heads" | "keyValueHeads" | "headDimension">
>;

/** Reads the sizes by the names that all these families have for them. @throws UserError if one is missing or malformed */
export function decoderSizes(config: CheckpointConfig, defaults: DecoderDefaults = {}): DecoderSizes {
  /** A size that has to be there unless the family has a default. */
  const size = (name: string, fallback?: number) =>
    fallback === undefined ? config.count(name) : config.countOr(name, fallback);
  const width = config.count("hidden_size");
  const heads = size("num_attention_heads", defaults.heads);
  // An explicit null stands for a head of keys for each of queries.
  const usualGroups = config.fields.num_key_value_heads === null ? heads : (defaults.keyValueHeads ?? heads);
  const keyValueHeads = config.countOr("num_key_value_heads", usualGroups);
  if (heads % keyValueHeads !== 0) config.unsupported("num_key_value_heads");
  const headDimension = config.has("head_dim") ? config.count("head_dim") : (defaults.headDimension ?? width / heads);
  if (!Number.isInteger(headDimension / 2)) config.unsupported("num_attention_heads");
  return {
    width,
    layers: config.count("num_hidden_layers"),
    vocabularySize: size("vocab_size", defaults.vocabularySize),
    heads,
    keyValueHeads,
    headDimension,
    inner: config.count("intermediate_size"),
  };
}

/** Where a checkpoint keeps a decoder: before the names of its parts, and before that of its unembedding. */
export interface DecoderNames {
  /** "" where nothing stands before them. */
  root: string;
  head: string;
  /** "embed_tokens" if undefined. */
  embedding?: string;
  /** "layers" if undefined. */
  blocks?: string;
  /** Of the norm after the blocks; "norm" if undefined. */
  norm?: string;
}

/** As nearly all checkpoints have it. */
export const USUAL_NAMES: DecoderNames = { root: "model", head: "lm_head" };

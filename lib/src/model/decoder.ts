import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointConfig } from "../machine/checkpoint/config";
import type { Activation } from "./activations";
import type { Architecture, WeightRequests, Weights } from "./architecture";
import { linear, linearWeights } from "./linear";

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
  const keyValueHeads = config.countOr("num_key_value_heads", defaults.keyValueHeads ?? heads);
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
  root: string;
  head: string;
}

/** As nearly all checkpoints have it. */
export const USUAL_NAMES: DecoderNames = { root: "model", head: "lm_head" };

/** The weights before and after the blocks. */
export function outerWeights(
  { width, vocabularySize }: DecoderSizes,
  tied: boolean,
  { root, head }: DecoderNames = USUAL_NAMES,
): Pick<Architecture, "embeddingWeights" | "finalWeights" | "headWeights"> {
  const embedding = { name: `${root}.embed_tokens.weight`, shape: [vocabularySize, width] };
  return {
    embeddingWeights: { embedding },
    finalWeights: { norm: { name: `${root}.norm.weight`, shape: [width] } },
    headWeights: {
      unembedding: { ...embedding, name: tied ? embedding.name : `${head}.weight`, transposed: true },
    },
  };
}

/** The weights of the attention of a block, with or without biases of queries, keys and values, and of the output. */
export function attentionWeights(
  block: string,
  { width, heads, keyValueHeads, headDimension }: DecoderSizes,
  bias: { query: boolean; output: boolean },
): WeightRequests {
  const [projected, shared] = [heads * headDimension, keyValueHeads * headDimension];
  const layer = (name: string) => `${block}.self_attn.${name}_proj`;
  return {
    ...linearWeights("query", layer("q"), { inputs: width, outputs: projected, bias: bias.query }),
    ...linearWeights("key", layer("k"), { inputs: width, outputs: shared, bias: bias.query }),
    ...linearWeights("value", layer("v"), { inputs: width, outputs: shared, bias: bias.query }),
    ...linearWeights("output", layer("o"), { inputs: projected, outputs: width, bias: bias.output }),
  };
}

/** The weights of a norm over the features of each query head and each key head. */
export function headNormWeights(block: string, { headDimension }: DecoderSizes): WeightRequests {
  return {
    queryNorm: { name: `${block}.self_attn.q_norm.weight`, shape: [headDimension] },
    keyNorm: { name: `${block}.self_attn.k_norm.weight`, shape: [headDimension] },
  };
}

/** The weights of {@link gatedMlp}. */
export function gatedMlpWeights(block: string, { width, inner }: DecoderSizes, bias: boolean): WeightRequests {
  const layer = (name: string) => `${block}.mlp.${name}_proj`;
  return {
    ...linearWeights("gate", layer("gate"), { inputs: width, outputs: inner, bias }),
    ...linearWeights("up", layer("up"), { inputs: width, outputs: inner, bias }),
    ...linearWeights("down", layer("down"), { inputs: inner, outputs: width, bias }),
  };
}

/**
 * down(act(gate(x)) * up(x)), the gated linear unit. [T, width] -> [T, width]
 * Source: Shazeer 2020 (arXiv 2002.05202), equation 6.
 */
export function gatedMlp(input: tf.Tensor2D, weights: Weights, act: Activation): tf.Tensor2D {
  const gated = tf.mul(act(linear(input, weights, "gate")), linear(input, weights, "up")); // [T, inner]
  return linear(gated as tf.Tensor2D, weights, "down");
}

import * as tf from "@tensorflow/tfjs-core";
import { softCapped } from "./activations";
import type { AttentionKind, PassContext } from "./architecture";
import type { CausalMask } from "./causalMask";
import { rotate } from "./rotary";

/** Every token looks at all before it, and only their embeddings tell where they stand. */
export const PLAIN_ATTENTION: AttentionKind = {};

/** The queries, keys and values of all heads, features before tokens; see {@link linearHeads}. */
export interface AttentionInput {
  /** [heads, headDimension, T] */
  queries: tf.Tensor3D;
  /** [keyValueHeads, headDimension, T]; fewer heads where several query heads share keys and values (GQA). */
  keys: tf.Tensor3D;
  /** [keyValueHeads, headDimension, T] */
  values: tf.Tensor3D;
  /** Scores are multiplied by this; 1 / sqrt(headDimension) unless a family does otherwise. */
  scale: number;
  /** Scores s are bent to softCap * tanh(s / softCap) (Gemma 2: arXiv 2408.00118, section 2). */
  softCap?: number;
  /** A score for each head [heads] that takes its part of the attention to no token (gpt-oss: arXiv 2508.10925, section 2.2). */
  sinks?: tf.Tensor1D;
}

/**
 * How many queries are worked on at a time. A token looks at none that come after it (and with a sliding window, at few of
 * those before it), so a block of queries needs the keys up to its end alone, and almost half of the scores are never made.
 * The smaller the blocks, the more of them is saved, and the better the scores fit into the processor's cache; but each
 * operation costs something by itself, more so where several threads have to be told of it.
 */
const QUERY_BLOCK = 256;

/**
 * Causal self-attention.
 * Sources: Vaswani et al. 2017 (arXiv 1706.03762), equation 1; grouped queries: Ainslie et al. 2023 (arXiv 2305.13245).
 *
 * @returns the heads' outputs side by side [T, heads * headDimension], before the output projection
 */
export function attention(input: AttentionInput, { mask, rotary }: PassContext): tf.Tensor2D {
  const turned = (heads: tf.Tensor3D) => (rotary ? rotate(heads, rotary) : heads);
  const queries = tf.mul<tf.Tensor3D>(turned(input.queries), input.scale); // [heads, headDimension, T]
  const keys = turned(input.keys); // [keyValueHeads, headDimension, T]
  const outputs = attend({ ...input, queries, keys }, mask); // [heads, T, headDimension]
  const [heads, tokens, dimension] = outputs.shape;
  return tf.reshape(tf.transpose(outputs, [1, 0, 2]), [tokens, heads * dimension]);
}

/** What each query takes of each key: softmax(scores + mask). @param sinks for each query one [.., queries, 1] */
function shares(scores: tf.Tensor3D, mask: tf.Tensor2D, softCap?: number, sinks?: tf.Tensor3D): tf.Tensor3D {
  const masked = tf.add<tf.Tensor3D>(softCapped(scores, softCap), mask); // [.., queries, keys]
  if (!sinks) return tf.softmax(masked);
  const all = tf.softmax(tf.concat3d([masked, sinks], 2)); // [.., queries, keys + 1]
  return tf.slice3d(all, [0, 0, 0], scores.shape);
}

/** All heads at once, block after block of queries. @returns [heads, T, headDimension] */
function attend({ queries, keys, values, softCap, sinks }: AttentionInput, mask: CausalMask): tf.Tensor3D {
  const [heads, dimension, tokens] = queries.shape;
  const groups = keys.shape[0];
  const members = heads / groups;
  const cut = (whole: tf.Tensor3D, begin: number, size: number) =>
    size === tokens ? whole : tf.slice3d(whole, [0, 0, begin], [-1, -1, size]);
  // Query heads that share keys are multiplied with them as if they were one head with more queries.
  const grouped =
    members > 1 && tf.transpose(tf.reshape<tf.Rank.R4>(queries, [groups, members, dimension, tokens]), [0, 2, 1, 3]);
  const cutQueries = (begin: number, size: number) =>
    grouped
      ? tf.reshape(tf.slice4d(grouped, [0, 0, 0, begin], [-1, -1, -1, size]), [groups, dimension, members * size])
      : cut(queries, begin, size); // [groups, headDimension, members * size]
  const outputs = mask.blocks(QUERY_BLOCK).map((block) =>
    tf.tidy(() => {
      const { start, count, from, seen } = block;
      const scores = tf.matMul(cutQueries(start, count), cut(keys, from, seen), true); // [groups, members * count, seen]
      const sink = sinks && tf.tile(tf.reshape(sinks, [heads, 1, 1]), [1, count, 1]); // [heads, count, 1]
      const ofGroups = sink && tf.reshape<tf.Rank.R3>(sink, [groups, members * count, 1]);
      const weights = shares(scores as tf.Tensor3D, mask.rows(block, members), softCap, ofGroups);
      const mixed = tf.matMul<tf.Tensor3D>(weights, cut(values, from, seen), false, true); // [groups, members * count, headDimension]
      return members > 1 ? tf.reshape<tf.Rank.R3>(mixed, [heads, count, values.shape[1]]) : mixed;
    }),
  );
  return outputs.length === 1 ? outputs[0] : tf.concat3d(outputs, 1);
}

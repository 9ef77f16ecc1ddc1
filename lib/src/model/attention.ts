import * as tf from "@tensorflow/tfjs-core";
import { areAllProductsFast } from "../machine/backend/blasKernels";
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
  const attend = areAllProductsFast() ? attendTogether : attendOneByOne;
  const outputs = attend({ ...input, queries, keys }, mask); // [heads, T, headDimension]
  const [heads, tokens, dimension] = outputs.shape;
  return tf.reshape(tf.transpose(outputs, [1, 0, 2]), [tokens, heads * dimension]);
}

type Scores = tf.Tensor2D | tf.Tensor3D;

/** What each query takes of each key: softmax(scores + mask). @param sinks for each query one [.., queries, 1] */
function shares<T extends Scores>(scores: T, mask: tf.Tensor2D, softCap?: number, sinks?: T): T {
  const masked = tf.add<T>(softCapped(scores, softCap), mask); // [.., queries, keys]
  if (!sinks) return tf.softmax(masked);
  const axis = scores.rank - 1;
  const all = tf.softmax(tf.concat<T>([masked, sinks], axis)); // [.., queries, keys + 1]
  return tf.slice(all, Array(scores.rank).fill(0), scores.shape) as T;
}

/** All heads at once, block after block of queries. @returns [heads, T, headDimension] */
function attendTogether({ queries, keys, values, softCap, sinks }: AttentionInput, mask: CausalMask): tf.Tensor3D {
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

/**
 * Head by head, with plain products alone: for a backend that is slow at others.
 * @returns [heads, T, headDimension]
 */
function attendOneByOne({ queries, keys, values, softCap, sinks }: AttentionInput, mask: CausalMask): tf.Tensor3D {
  const [heads, dimension, tokens] = queries.shape;
  const groupSize = heads / keys.shape[0];
  const blocks = mask.blocks(QUERY_BLOCK);
  const [queryRows, valueRows] = [queries, values].map((all) => tf.transpose(all, [0, 2, 1])); // [.., T, headDimension]
  /** Rows of one head [size, headDimension]. */
  const cutRows = (all: tf.Tensor3D, head: number, begin: number, size: number) =>
    tf.reshape<tf.Rank.R2>(tf.slice3d(all, [head, begin, 0], [1, size, -1]), [size, all.shape[2]]);
  const outputs = Array.from({ length: heads }, (_, head) => {
    const shared = Math.floor(head / groupSize);
    return blocks.map((block) =>
      tf.tidy(() => {
        const { start, count, from, seen } = block;
        const columns = tf.reshape<tf.Rank.R2>(tf.slice3d(keys, [shared, 0, from], [1, -1, seen]), [dimension, seen]);
        const scores = tf.matMul(cutRows(queryRows, head, start, count), columns); // [count, seen]
        const sink = sinks && tf.tile(tf.reshape<tf.Rank.R2>(tf.slice1d(sinks, head, 1), [1, 1]), [count, 1]); // [count, 1]
        const weights = shares(scores as tf.Tensor2D, mask.rows(block), softCap, sink);
        return tf.matMul<tf.Tensor2D>(weights, cutRows(valueRows, shared, from, seen)); // [count, headDimension]
      }),
    );
  }).flat();
  return tf.reshape(outputs.length === 1 ? outputs[0] : tf.concat2d(outputs, 0), [heads, tokens, -1]);
}

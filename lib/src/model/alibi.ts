import * as tf from "@tensorflow/tfjs-core";
import type { AttentionOptions, Heads } from "./selfAttention";

/**
 * How much each head prefers near tokens: 2^(-8 / n), its square, .. for n heads, n a power of two; of other numbers the
 * next smaller power's, then every second of twice that power's.
 * Source: Press, Smith and Lewis 2022 (arXiv 2108.12409), section 3; Hugging Face transformers, models/bloom.
 */
export function alibiSlopes(heads: number): number[] {
  const power = 2 ** Math.floor(Math.log2(heads));
  const slopes = (count: number) => Array.from({ length: count }, (_, i) => 2 ** ((-8 * (i + 1)) / count));
  const further = slopes(2 * power).filter((_, i) => i % 2 === 0);
  return [...slopes(power), ...further.slice(0, heads - power)];
}

/** Attention without positions whose scores, multiplied by `scale`, have a bias for each head and position of the key. */
export function biasedScores(
  scale: number,
  bias: (head: number, position: number) => number,
): Pick<AttentionOptions, "scale" | "prepare"> {
  return { scale: 1, prepare: (all) => withBiases({ ...all, queries: tf.mul(all.queries, scale) }, bias) };
}

/**
 * ALiBi: queries, already scaled, and keys by which each score has bias(head, position of the key) added to it. Every head of
 * a group that shares keys has one more feature: 1 in its own queries, 0 in those of the others, the bias in the keys.
 */
export function withBiases({ queries, keys, values }: Heads, bias: (head: number, position: number) => number): Heads {
  const [heads, , tokens] = queries.shape;
  const groups = keys.shape[0];
  const members = heads / groups;
  const own = tf.tile(tf.eye(members), [groups, 1]); // [heads, members]
  const ones = tf.tile(tf.reshape<tf.Rank.R3>(own, [heads, members, 1]), [1, 1, tokens]); // [heads, members, T]
  const biases = Float32Array.from({ length: heads * tokens }, (_, i) => bias(Math.floor(i / tokens), i % tokens));
  return {
    queries: tf.concat3d([queries, ones], 1), // [heads, headDimension + members, T]
    keys: tf.concat3d([keys, tf.tensor3d(biases, [groups, members, tokens])], 1), // [groups, headDimension + members, T]
    values,
  };
}

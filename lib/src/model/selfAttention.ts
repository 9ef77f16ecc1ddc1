import * as tf from "@tensorflow/tfjs-core";
import type { PassContext, WeightRequests, Weights } from "./architecture";
import { type AttentionInput, attention } from "./attention";
import type { DecoderSizes } from "./decoder";
import type { BlockPart } from "./decoderBlocks";
import { linear, linearHeads, linearWeights } from "./linear";
import type { HeadNorm } from "./norms";

/** Queries, keys and values of all heads. */
export type Heads = Pick<AttentionInput, "queries" | "keys" | "values">;

/** How queries, keys and values come from the normed hidden state. */
export interface Projection {
  /** @param block what the names of the block's tensors begin with */
  weights(block: string): WeightRequests;
  apply(input: tf.Tensor2D, weights: Weights): Heads;
}

type HeadSizes = Pick<DecoderSizes, "width" | "heads" | "keyValueHeads" | "headDimension">;

/** A linear layer each for queries, keys and values. @param names of the three within a block */
export function separate(
  { width, heads, keyValueHeads, headDimension }: HeadSizes,
  bias: boolean,
  names: readonly string[] = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
): Projection {
  const counts = [heads, keyValueHeads, keyValueHeads];
  const keys = ["query", "key", "value"];
  return {
    weights: (block) =>
      Object.assign(
        {},
        ...keys.map((key, i) =>
          linearWeights(key, `${block}.${names[i]}`, { inputs: width, outputs: counts[i] * headDimension, bias }),
        ),
      ),
    apply(input, weights) {
      const [queries, ofKeys, values] = keys.map((key, i) => linearHeads(input, weights, key, counts[i]));
      return { queries, keys: ofKeys, values };
    },
  };
}

/** One linear layer for queries, keys and values. @param name of it within a block */
function fused(
  { width, heads, keyValueHeads, headDimension }: HeadSizes,
  name: string,
  bias: boolean,
  split: (all: tf.Tensor3D) => tf.Tensor3D[],
): Projection {
  const count = heads + 2 * keyValueHeads;
  return {
    weights: (block) =>
      linearWeights("queryKeyValue", `${block}.${name}`, { inputs: width, outputs: count * headDimension, bias }),
    apply(input, weights) {
      const [queries, keys, values] = split(linearHeads(input, weights, "queryKeyValue", count)); // [count, headDimension, T]
      return { queries, keys, values };
    },
  };
}

/** {@link fused}: all queries, then all keys, then all values. */
export function fusedInThirds(sizes: HeadSizes, name: string, bias: boolean): Projection {
  const { heads, keyValueHeads } = sizes;
  return fused(sizes, name, bias, (all) => tf.split(all, [heads, keyValueHeads, keyValueHeads], 0));
}

/** {@link fused}: for each head of keys the queries that share it, the key, the value. */
export function fusedInGroups(sizes: HeadSizes, name: string, bias: boolean): Projection {
  const { heads, keyValueHeads, headDimension } = sizes;
  const members = heads / keyValueHeads;
  return fused(sizes, name, bias, (all) => {
    const groups = tf.reshape<tf.Rank.R3>(all, [keyValueHeads, (members + 2) * headDimension, -1]);
    return [0, members, members + 1].map((first, part) => {
      const size = (part === 0 ? members : 1) * headDimension;
      const cut = tf.slice3d(groups, [0, first * headDimension, 0], [-1, size, -1]);
      return part === 0 && members > 1 ? tf.reshape(cut, [heads, headDimension, -1]) : cut;
    });
  });
}

/** In what the attention of a block may differ from Llama's. */
export interface AttentionOptions {
  projection: Projection;
  output: { name: string; bias: boolean };
  /** 1 / sqrt(headDimension) if undefined. */
  scale?: number | ((layer: number) => number);
  /** Of queries and keys, and what their tensors are called within a block. */
  headNorm?: { norm: HeadNorm; query: string; key: string };
  /** What is further done with queries, keys and values, before they are turned. */
  prepare?(heads: Heads, context: PassContext): Heads;
  /** Scores s are bent to cap * tanh(s / cap). */
  softCap?: number;
  /** A score for each head that takes a part of the attention to no token: the name of the tensor within a block. */
  sinks?: string;
}

/** Self-attention as a part of a block. */
export function selfAttention(sizes: HeadSizes, options: AttentionOptions): BlockPart {
  const { width, heads, keyValueHeads, headDimension } = sizes;
  const { projection, output, headNorm, softCap, sinks, prepare = (all) => all } = options;
  const { scale = 1 / Math.sqrt(headDimension) } = options;
  const normed = (all: Heads, weights: Weights): Heads =>
    headNorm
      ? {
          queries: headNorm.norm.apply(all.queries, weights, "queryNorm"),
          keys: headNorm.norm.apply(all.keys, weights, "keyNorm"),
          values: all.values,
        }
      : all;
  return {
    weights: (block) => ({
      ...projection.weights(block),
      ...(headNorm && {
        ...headNorm.norm.weights("queryNorm", `${block}.${headNorm.query}`, heads, headDimension),
        ...headNorm.norm.weights("keyNorm", `${block}.${headNorm.key}`, keyValueHeads, headDimension),
      }),
      ...(sinks && { sinks: { name: `${block}.${sinks}`, shape: [heads] } }),
      ...linearWeights("output", `${block}.${output.name}`, {
        inputs: heads * headDimension,
        outputs: width,
        bias: output.bias,
      }),
    }),
    apply(input, weights, context, layer) {
      const all = prepare(normed(projection.apply(input, weights), weights), context);
      const ownScale = typeof scale === "number" ? scale : scale(layer);
      const mixed = attention({ ...all, scale: ownScale, softCap, sinks: weights.sinks as tf.Tensor1D }, context); // [T, heads * headDimension]
      return linear(mixed, weights, "output"); // [T, width]
    },
  };
}

import * as tf from "@tensorflow/tfjs-core";
import type { PassContext, WeightRequests, Weights } from "./architecture";
import { attention } from "./attention";
import { linear, linearHeads, linearWeights } from "./linear";
import type { Norm } from "./norms";

/** The keys and values of a layer [T, keyValueHeads * headDimension], normed, before they are turned. */
export interface KeysAndValues {
  keys: tf.Tensor2D;
  values: tf.Tensor2D;
}

/** Attention whose keys and values may be those of an earlier layer. */
export interface SharingAttention {
  /** @param block what the names of the block's tensors begin with */
  weights(block: string): WeightRequests;
  /** @param known the keys and values of the earlier layer @returns what it writes [T, width], and by which keys and values */
  apply(
    input: tf.Tensor2D,
    weights: Weights,
    context: PassContext,
    known?: KeysAndValues,
  ): KeysAndValues & { written: tf.Tensor2D };
}

/** What a layer projects for itself beside queries. */
type Own = readonly ("key" | "value")[];

/**
 * The attention of a layer of Gemma 4: each head's queries, keys and values are normed, scores are not scaled.
 *
 * @param options `own`: nothing, keys, which are then values, too, before either is normed, or both
 */
export function gemma4Attention(
  sizes: { width: number; heads: number; keyValueHeads: number; headDimension: number },
  { norm, valueNorm, bias, own }: { norm: Norm; valueNorm: Norm; bias: boolean; own: Own },
): SharingAttention {
  const { width, heads, keyValueHeads, headDimension } = sizes;
  const name = (block: string, key: string, kind: string) => `${block}.self_attn.${key[0]}_${kind}`;
  const asRows = (all: tf.Tensor3D): tf.Tensor2D =>
    tf.transpose(tf.reshape<tf.Rank.R2>(all, [keyValueHeads * headDimension, -1])); // [T, keyValueHeads * headDimension]
  const inHeads = (rows: tf.Tensor2D): tf.Tensor3D =>
    tf.reshape(tf.transpose(rows), [keyValueHeads, headDimension, -1]); // [keyValueHeads, headDimension, T]
  const project = (input: tf.Tensor2D, weights: Weights): KeysAndValues => {
    const keys = linearHeads(input, weights, "key", keyValueHeads); // [keyValueHeads, headDimension, T]
    const values = own.includes("value") ? linearHeads(input, weights, "value", keyValueHeads) : keys;
    return {
      keys: asRows(norm.apply(keys, weights, "keyNorm")),
      values: asRows(valueNorm.apply(values, weights, "valueNorm")),
    };
  };
  return {
    weights(block) {
      const linears = ["query" as const, ...own].map((key) => {
        const outputs = (key === "query" ? heads : keyValueHeads) * headDimension;
        return linearWeights(key, name(block, key, "proj"), { inputs: width, outputs, bias });
      });
      const normed = own.length > 0 ? ["query", "key"] : ["query"];
      const norms = normed.map((key) => norm.weights(`${key}Norm`, name(block, key, "norm"), headDimension));
      const output = { inputs: heads * headDimension, outputs: width, bias };
      return Object.assign({}, ...linears, ...norms, linearWeights("output", name(block, "output", "proj"), output));
    },
    apply(input, weights, context, known = project(input, weights)) {
      const queries = norm.apply(linearHeads(input, weights, "query", heads), weights, "queryNorm");
      const [keys, values] = [known.keys, known.values].map(inHeads);
      const mixed = attention({ queries, keys, values, scale: 1 }, context); // [T, heads * headDimension]
      return { ...known, written: linear(mixed, weights, "output") };
    },
  };
}

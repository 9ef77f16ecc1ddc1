import * as tf from "@tensorflow/tfjs-core";
import type { PassContext } from "./architecture";
import { rotate } from "./rotary";

/** Large enough that exp() of a masked score is exactly 0 in float32, small enough that no sum overflows. */
const MASKED = -1e9;

/** The queries, keys and values of all heads, each head cut out on its own: [T, headDimension]. */
export interface AttentionInput {
  heads: number;
  /** Fewer than `heads` where several query heads share keys and values (GQA). */
  keyValueHeads: number;
  /** Scores are multiplied by this; 1 / sqrt(headDimension) unless a family does otherwise. */
  scale: number;
  query(head: number): tf.Tensor2D;
  key(keyValueHead: number): tf.Tensor2D;
  value(keyValueHead: number): tf.Tensor2D;
}

/**
 * How many queries are worked on at a time. A token looks at none that come after it, so a block of queries needs the keys
 * up to its end alone, and almost half of the scores are never made. Where cutting a matrix costs more than that saves
 * (wasm copies slices slowly), all queries are one block.
 */
const QUERY_BLOCK: Record<string, number> = { tensorflow: 512, webgpu: 1024 };

/**
 * Causal self-attention, head by head: plain two-dimensional products are what every backend does fast (wasm is ten times
 * slower at batched or transposed ones).
 * Sources: Vaswani et al. 2017 (arXiv 1706.03762), equation 1; grouped queries: Ainslie et al. 2023 (arXiv 2305.13245).
 *
 * @returns the heads' outputs side by side [T, heads * headDimension], before the output projection
 */
export function attention(input: AttentionInput, { mask, rotary }: PassContext): tf.Tensor2D {
  const groupSize = input.heads / input.keyValueHeads;
  const turned = (head: tf.Tensor2D) => (rotary ? rotate(head, rotary) : head);
  const outputs: tf.Tensor2D[] = [];
  for (let keyValueHead = 0; keyValueHead < input.keyValueHeads; keyValueHead++) {
    const keys = tf.transpose(turned(input.key(keyValueHead))); // [headDimension, T]
    const values = input.value(keyValueHead); // [T, headDimension]
    for (let member = 0; member < groupSize; member++) {
      const head = keyValueHead * groupSize + member;
      outputs.push(tf.tidy(() => attendHead(tf.mul(turned(input.query(head)), input.scale), keys, values, mask)));
    }
  }
  return outputs.length === 1 ? outputs[0] : tf.concat(outputs, 1);
}

/** One head: queries [T, headDimension] (scaled), keys [headDimension, T], values and result [T, headDimension]. */
function attendHead(queries: tf.Tensor2D, keys: tf.Tensor2D, values: tf.Tensor2D, mask: CausalMask): tf.Tensor2D {
  const [tokens, dimension] = queries.shape;
  const block = QUERY_BLOCK[tf.getBackend()] ?? tokens;
  if (tokens <= block) return attend(queries, keys, values, mask.rows(0, tokens));
  const outputs: tf.Tensor2D[] = [];
  for (let start = 0; start < tokens; start += block) {
    const count = Math.min(block, tokens - start);
    const seen = start + count;
    outputs.push(
      attend(
        tf.slice2d(queries, [start, 0], [count, dimension]),
        tf.slice2d(keys, [0, 0], [dimension, seen]),
        tf.slice2d(values, [0, 0], [seen, dimension]),
        mask.rows(start, count),
      ),
    );
  }
  return tf.concat(outputs, 0);
}

function attend(queries: tf.Tensor2D, keys: tf.Tensor2D, values: tf.Tensor2D, mask: tf.Tensor2D): tf.Tensor2D {
  const scores = tf.add(tf.matMul(queries, keys), mask); // [queries, keys]
  return tf.matMul(tf.softmax(scores) as tf.Tensor2D, values); // [queries, headDimension]
}

/** Cuts head `index` out of columns that hold the heads side by side. [T, heads * headDimension] -> [T, headDimension] */
export function headColumns(columns: tf.Tensor2D, start: number, headDimension: number): tf.Tensor2D {
  return tf.slice2d(columns, [0, start], [columns.shape[0], headDimension]);
}

/**
 * The causal mask: 0 where token i may look at token j (j <= i, and with a sliding window i - j < window), else a large
 * negative number. Source of the window's convention: Hugging Face transformers, masking_utils.py.
 */
export class CausalMask {
  private readonly blocks = new Map<number, tf.Tensor2D>();

  constructor(private readonly slidingWindow = Number.POSITIVE_INFINITY) {}

  /** The mask of the queries from `start` on, for the keys up to the last of them [count, start + count]. */
  rows(start: number, count: number): tf.Tensor2D {
    const known = this.blocks.get(start);
    if (known) return known;
    const keys = start + count;
    const values = new Float32Array(count * keys).fill(MASKED);
    for (let row = 0; row < count; row++) {
      const query = start + row;
      values.fill(0, row * keys + Math.max(0, query - this.slidingWindow + 1), row * keys + query + 1);
    }
    // All heads and layers use it, so it outlives the tidy of the one that asked first.
    const mask = tf.keep(tf.tensor2d(values, [count, keys]));
    this.blocks.set(start, mask);
    return mask;
  }

  dispose(): void {
    for (const mask of this.blocks.values()) mask.dispose();
    this.blocks.clear();
  }
}

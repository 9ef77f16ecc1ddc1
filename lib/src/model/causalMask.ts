import * as tf from "@tensorflow/tfjs-core";

/** Large enough that exp() of a masked score is exactly 0 in float32, small enough that no sum overflows. */
const MASKED = -1e9;

/** Some queries and the keys that any of them may look at: `seen` keys from the one at `from` on. */
export interface QueryBlock {
  start: number;
  count: number;
  from: number;
  seen: number;
}

/**
 * The causal mask: 0 where token i may look at token j (j <= i, and with a sliding window i - j < window), else a large
 * negative number. Source of the window's convention: Hugging Face transformers, masking_utils.py.
 */
export class CausalMask {
  private readonly made = new Map<string, tf.Tensor2D>();

  constructor(
    /** Of the prompt. */
    private readonly tokens: number,
    private readonly slidingWindow = Number.POSITIVE_INFINITY,
  ) {}

  /** Cuts the queries of the prompt into blocks. */
  blocks(size: number): QueryBlock[] {
    return Array.from({ length: Math.ceil(this.tokens / size) }, (_, block) => {
      const start = block * size;
      const count = Math.min(size, this.tokens - start);
      const from = this.firstKey(start);
      return { start, count, from, seen: start + count - from };
    });
  }

  private firstKey(query: number): number {
    return Math.max(0, query - this.slidingWindow + 1);
  }

  /** The mask of a block's queries for the keys that any of them may look at, `times` over. [times * count, seen] */
  rows({ start, count, seen }: QueryBlock, times: number): tf.Tensor2D {
    // All heads and layers use it, so it outlives the tidy of the one that asked first.
    return this.keep(`${start} ${count} ${times}`, () => {
      const widest = this.widest(count, times);
      return tf.slice2d(widest, [0, widest.shape[1] - seen], [times * count, seen]);
    });
  }

  /** The mask of as many queries after as many keys as they can see: its last columns are that of any block. */
  private widest(count: number, times: number): tf.Tensor2D {
    return this.keep(`${count} ${times}`, () => {
      const before = Math.min(this.tokens - count, this.slidingWindow - 1);
      const keys = before + count;
      const values = new Float32Array(times * count * keys).fill(MASKED);
      for (let row = 0; row < times * count; row++) {
        const query = before + (row % count);
        values.fill(0, row * keys + this.firstKey(query), row * keys + query + 1);
      }
      return tf.tensor2d(values, [times * count, keys]);
    });
  }

  private keep(name: string, make: () => tf.Tensor2D): tf.Tensor2D {
    const mask = this.made.get(name) ?? tf.keep(make());
    this.made.set(name, mask);
    return mask;
  }

  dispose(): void {
    for (const mask of this.made.values()) mask.dispose();
    this.made.clear();
  }
}

import * as tf from "@tensorflow/tfjs-core";

/** How well, and how surely, a model predicts the tokens of a prompt. */
export interface LogitSummary {
  /** Mean cross-entropy of the N - 1 next-token predictions, in nats; NaN for a single token. */
  loss: number;
  /** Mean over the N positions of the entropy of softmax(logits), in nats: the paper's contextual entropy. */
  meanEntropy: number;
}

/**
 * Backends that sum exponentials faster than JavaScript, and well enough (pairwise sums, errors near 1e-7). Those of wasm
 * are slower, and its sums lose digits.
 */
const SUMMING_BACKENDS: ReadonlySet<string> = new Set(["tensorflow", "webgpu"]);

/**
 * Gathers {@link LogitSummary} from a prompt's logits, a piece of the vocabulary at a time, in double precision. For each
 * position it keeps the largest logit m so far, the sum of exp(x - m), and that of (x - m) exp(x - m).
 */
export class LogitStatistics {
  private readonly largest: Float64Array;
  private readonly sum: Float64Array;
  private readonly weighted: Float64Array;
  /** The logit of the token that comes next. */
  private readonly next: Float64Array;

  /** @param ids the prompt's tokens [N] */
  constructor(private readonly ids: readonly number[]) {
    this.largest = new Float64Array(ids.length).fill(Number.NEGATIVE_INFINITY);
    this.sum = new Float64Array(ids.length);
    this.weighted = new Float64Array(ids.length);
    this.next = new Float64Array(ids.length);
  }

  /**
   * Takes the logits [N, count] of all positions for the tokens `first` to `first + count - 1`, as a tensor: the work is
   * done where it is done fastest.
   */
  async addTensor(logits: tf.Tensor2D, first: number): Promise<void> {
    if (!SUMMING_BACKENDS.has(tf.getBackend())) {
      this.addTile((await logits.data()) as Float32Array, first, logits.shape[1]);
      return;
    }
    const followed = this.positionsFollowedBy(first, logits.shape[1]);
    const places = followed.map((position) => [position, this.ids[position + 1] - first]);
    const tensors = tf.tidy(() => {
      const largest = tf.max(logits, 1, true); // [N, 1]
      const shifted = tf.sub(logits, largest); // [N, count]
      const weights = tf.exp(shifted);
      const next = places.length > 0 ? tf.gatherND(logits, tf.tensor2d(places, undefined, "int32")) : tf.zeros([0]);
      return [largest, tf.sum(weights, 1), tf.sum(tf.mul(weights, shifted), 1), next];
    });
    const [largest, sums, weighted, next] = await Promise.all(tensors.map((tensor) => tensor.data()));
    tf.dispose(tensors);
    for (let position = 0; position < this.ids.length; position++) {
      const shift = Math.max(this.largest[position], largest[position]);
      this.rebase(position, shift);
      // The tile's own sums refer to its own largest logit.
      const drop = largest[position] - shift;
      const factor = Math.exp(drop);
      this.sum[position] += factor * sums[position];
      this.weighted[position] += factor * (weighted[position] + drop * sums[position]);
    }
    followed.forEach((position, i) => {
      this.next[position] = next[i];
    });
  }

  private positionsFollowedBy(first: number, count: number): number[] {
    const positions = Array.from(this.ids.keys()).slice(0, -1);
    return positions.filter((position) => {
      const next = this.ids[position + 1] - first;
      return next >= 0 && next < count;
    });
  }

  /** The same for logits that are here already. */
  addTile(logits: Float32Array, first: number, count: number): void {
    for (let position = 0; position < this.ids.length; position++) {
      const start = position * count;
      let largest = this.largest[position];
      for (let i = start; i < start + count; i++) if (logits[i] > largest) largest = logits[i];
      this.rebase(position, largest);
      let sum = 0;
      let weighted = 0;
      for (let i = start; i < start + count; i++) {
        const shifted = logits[i] - largest;
        const weight = Math.exp(shifted);
        sum += weight;
        weighted += weight * shifted;
      }
      this.sum[position] += sum;
      this.weighted[position] += weighted;
      const next = this.ids[position + 1] - first;
      if (next >= 0 && next < count) this.next[position] = logits[start + next];
    }
  }

  /** Refers the sums of a position to a new largest logit. */
  private rebase(position: number, largest: number): void {
    const drop = this.largest[position] - largest;
    this.largest[position] = largest;
    if (drop === 0 || this.sum[position] === 0) return;
    const factor = Math.exp(drop);
    this.weighted[position] = factor * (this.weighted[position] + drop * this.sum[position]);
    this.sum[position] *= factor;
  }

  summary(): LogitSummary {
    const tokens = this.ids.length;
    let loss = 0;
    let entropy = 0;
    for (let position = 0; position < tokens; position++) {
      const logSum = Math.log(this.sum[position]);
      // With p = exp(x - m) / sum, the entropy -sum(p ln p) is ln(sum) - sum(p (x - m)).
      entropy += logSum - this.weighted[position] / this.sum[position];
      if (position < tokens - 1) loss += logSum - (this.next[position] - this.largest[position]);
    }
    return { loss: tokens > 1 ? loss / (tokens - 1) : Number.NaN, meanEntropy: entropy / tokens };
  }
}

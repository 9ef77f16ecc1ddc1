import * as tf from "@tensorflow/tfjs-core";

/** How well, and how surely, a model predicts the tokens of a prompt. */
export interface LogitSummary {
  /** Mean cross-entropy of the N - 1 next-token predictions, in nats; NaN for a single token. */
  loss: number;
  /** Mean over the N positions of the entropy of softmax(logits), in nats: the paper's contextual entropy. */
  meanEntropy: number;
}

/** The same position by position. */
export interface TokenStatistics extends LogitSummary {
  /** Entry i: cross-entropy of the prediction of token i + 1 from those before it, in nats [N - 1]. */
  tokenLoss: Float64Array;
  /** Entry i: entropy of that prediction, whatever comes next, in nats [N]. */
  tokenEntropy: Float64Array;
}

/** Logits that are worked on at a time, where they are fetched: 2^20 of them are 4 MiB. */
const FETCHED_VALUES = 2 ** 20;

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
    this.next = new Float64Array(ids.length).fill(Number.NaN); // Stays so of a model without an output head.
  }

  /**
   * Takes the logits [N, count] of all positions for the tokens `first` to `first + count - 1`, as a tensor: the work is
   * done where it is done fastest.
   */
  async addTensor(logits: tf.Tensor2D, first: number): Promise<void> {
    const backend = tf.getBackend();
    if (backend === "wasm") return this.addBySoftmax(logits, first);
    // These sum exponentials faster than JavaScript, and well enough (pairwise sums, errors near 1e-7).
    if (backend === "tensorflow" || backend === "webgpu") return this.addBySums(logits, first);
    this.addTile((await logits.data()) as Float32Array, first, logits.shape[1]);
  }

  private async addBySums(logits: tf.Tensor2D, first: number): Promise<void> {
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
      this.addSums(position, largest[position], sums[position], weighted[position]);
    }
    followed.forEach((position, i) => {
      this.next[position] = next[i];
    });
  }

  /**
   * WebAssembly's exponentials are fast in its softmax alone, and its sums lose digits: so softmax is done there and summed
   * here. Of its own normalization nothing has to be known: p = exp(x - m) / z, with z = 1 / p where x is the largest.
   */
  private async addBySoftmax(logits: tf.Tensor2D, first: number): Promise<void> {
    const [tokens, count] = logits.shape;
    const rowsAtATime = Math.max(1, Math.floor(FETCHED_VALUES / count));
    for (let start = 0; start < tokens; start += rowsAtATime) {
      const rows = Math.min(rowsAtATime, tokens - start);
      const tensors = tf.tidy(() => {
        const part = tf.slice2d(logits, [start, 0], [rows, count]);
        return [part, tf.softmax(part)];
      });
      const [values, probabilities] = await Promise.all(tensors.map((tensor) => tensor.data()));
      tf.dispose(tensors);
      for (let row = 0; row < rows; row++) {
        this.addProbabilities(start + row, values as Float32Array, probabilities as Float32Array, row * count, count);
        this.noteNext(start + row, values as Float32Array, row * count, first, count);
      }
    }
  }

  /** Adds logits of one position, `count` values from the one at `start` on, given what softmax makes of them. */
  private addProbabilities(
    position: number,
    logits: Float32Array,
    probabilities: Float32Array,
    start: number,
    count: number,
  ): void {
    let largest = Number.NEGATIVE_INFINITY;
    let at = -1;
    let sum = 0;
    let weighted = 0;
    for (let i = start; i < start + count; i++) {
      const logit = logits[i];
      const probability = probabilities[i];
      if (logit > largest) {
        largest = logit;
        at = i;
      }
      sum += probability;
      weighted += probability * logit;
    }
    const unit = probabilities[at];
    this.addSums(position, largest, sum / unit, (weighted - largest * sum) / unit);
  }

  /** Adds the sums of exp(x - m) and of (x - m) exp(x - m) over some logits x of a position, m the largest of them. */
  private addSums(position: number, largest: number, sum: number, weighted: number): void {
    const shift = Math.max(this.largest[position], largest);
    this.rebase(position, shift);
    const drop = largest - shift;
    const factor = Math.exp(drop);
    this.sum[position] += factor * sum;
    this.weighted[position] += factor * (weighted + drop * sum);
  }

  private noteNext(position: number, logits: Float32Array, start: number, first: number, count: number): void {
    const next = this.ids[position + 1] - first;
    if (next >= 0 && next < count) this.next[position] = logits[start + next];
  }

  private positionsFollowedBy(first: number, count: number): number[] {
    const positions = Array.from(this.ids.keys()).slice(0, -1);
    return positions.filter((position) => {
      const next = this.ids[position + 1] - first;
      return next >= 0 && next < count;
    });
  }

  /** As {@link addTensor}, for logits that are here already. */
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
      this.noteNext(position, logits, start, first, count);
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

  /** @param leaveOut so many first positions are neither in the loss nor in the entropy */
  summary(leaveOut = 0): TokenStatistics {
    const { sum, weighted, next, largest } = this;
    const logSum = sum.map(Math.log);
    // With p = exp(x - m) / sum, the entropy -sum(p ln p) is ln(sum) - sum(p (x - m)).
    const tokenEntropy = logSum.map((value, i) => value - weighted[i] / sum[i]).subarray(leaveOut);
    const tokenLoss = logSum.map((value, i) => value - (next[i] - largest[i])).subarray(leaveOut, -1);
    return { loss: meanOf(tokenLoss), meanEntropy: meanOf(tokenEntropy), tokenLoss, tokenEntropy };
  }
}

/** NaN of no values. */
function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

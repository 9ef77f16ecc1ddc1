import * as tf from "@tensorflow/tfjs-core";
import { operators } from "../machine/backend/operators";

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

  /** Takes the logits [N, count] of all positions for the tokens `first` to `first + count - 1`. */
  async addTensor(logits: tf.Tensor2D, first: number): Promise<void> {
    const { largest, sum, weighted } = await operators().logitSums(logits);
    for (let position = 0; position < this.ids.length; position++) {
      this.addSums(position, largest[position], sum[position], weighted[position]);
    }
    const followed = this.positionsFollowedBy(first, logits.shape[1]);
    if (followed.length === 0) return;
    const places = followed.map((position) => [position, this.ids[position + 1] - first]);
    const gathered = tf.tidy(() => tf.gatherND(logits, tf.tensor2d(places, undefined, "int32")));
    const next = await gathered.data();
    gathered.dispose();
    followed.forEach((position, i) => {
      this.next[position] = next[i];
    });
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

  private positionsFollowedBy(first: number, count: number): number[] {
    const positions = Array.from(this.ids.keys()).slice(0, -1);
    return positions.filter((position) => {
      const next = this.ids[position + 1] - first;
      return next >= 0 && next < count;
    });
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

  summary(): TokenStatistics {
    const { sum, weighted, next, largest } = this;
    const logSum = sum.map(Math.log);
    // With p = exp(x - m) / sum, the entropy -sum(p ln p) is ln(sum) - sum(p (x - m)).
    const tokenEntropy = logSum.map((value, i) => value - weighted[i] / sum[i]);
    const tokenLoss = logSum.map((value, i) => value - (next[i] - largest[i])).subarray(0, -1);
    return { loss: meanOf(tokenLoss), meanEntropy: meanOf(tokenEntropy), tokenLoss, tokenEntropy };
  }
}

/** NaN of no values. */
function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

import { UserError } from "../machine/support/errors";

/** How the next token is drawn from what a model says of it; all as Hugging Face transformers defines it, and in this order. */
export interface SamplingOptions {
  /** The logits are divided by it, above 0; 1 without it. */
  temperature?: number;
  /** Only so many likeliest tokens are left, and those that are as likely as the last of them; all without it. */
  topK?: number;
  /** Of these the likeliest, as many as are needed for this sum of probabilities, 0 to 1, and at least one; all without it. */
  topP?: number;
}

/** @throws UserError naming the option that makes no sense */
export function checkSampling({ temperature = 1, topK = 1, topP = 1 }: SamplingOptions): void {
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new UserError(
      `temperature is ${temperature}: must be a number above 0; without it the likeliest token is taken`,
    );
  }
  if (!(Number.isInteger(topK) && topK >= 1)) throw new UserError(`topK is ${topK}: must be a whole number, 1 or more`);
  if (!(topP >= 0 && topP <= 1)) throw new UserError(`topP is ${topP}: must be a number from 0 to 1`);
}

/**
 * The probabilities with which the next token is drawn: softmax(logits / temperature) of the tokens that are left.
 *
 * @param logits [vocabulary]
 * @returns [vocabulary], their sum is 1; 0 for tokens that are not left
 * @throws UserError if an option makes no sense
 * @see Holtzman et al. 2020 (arXiv 1904.09751), section 4; transformers 5.24, generation/logits_process.py
 */
export function samplingProbabilities(logits: ArrayLike<number>, options: SamplingOptions = {}): Float64Array {
  checkSampling(options);
  const { temperature = 1, topK = logits.length, topP = 1 } = options;
  const likelihoods = Float64Array.from(logits, (logit) => logit / temperature);
  const probabilities = softmax(likelihoods);
  if (topK >= logits.length && topP === 1) return probabilities;
  // Of tokens that are as likely, transformers on the processor leaves the later ones.
  const order = [...probabilities.keys()].sort((a, b) => likelihoods[b] - likelihoods[a] || b - a);
  const least = likelihoods[order[Math.min(topK, order.length) - 1]];
  const candidates = order.filter((token) => likelihoods[token] >= least);
  const enough = topP * candidates.reduce((sum, token) => sum + probabilities[token], 0);
  let before = 0;
  const kept = candidates.filter((token, place) => {
    const isKept = place === 0 || topP === 1 || before < enough;
    before += probabilities[token];
    return isKept;
  });
  const sum = kept.reduce((total, token) => total + probabilities[token], 0);
  const left = new Float64Array(logits.length);
  for (const token of kept) left[token] = probabilities[token] / sum;
  return left;
}

/** exp(x) over the sum of all of them. */
function softmax(logits: Float64Array): Float64Array {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  const weights = logits.map((logit) => Math.exp(logit - largest));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** The place that a number in [0, 1) falls on, where each has room as its probability says. */
export function drawnPlace(probabilities: Float64Array, random: number): number {
  let last = 0;
  let sum = 0;
  for (const [place, probability] of probabilities.entries()) {
    if (probability === 0) continue;
    last = place;
    sum += probability;
    if (random < sum) return place;
  }
  return last; // Rounding leaves the sum a little below 1.
}

import { quantile } from "simple-statistics";
import { UserError } from "../machine/support/errors";
import { randomGenerator } from "../machine/support/random";

export interface BootstrapOptions {
  /** How often the observations are drawn anew, 1000 by default. */
  resamples?: number;
  /** Of the draws; any text, "0" by default. */
  seed?: string;
  /** Of confidence, 0.95 by default. */
  level?: number;
}

/** Lower and upper ends of several quantities, each as long as the statistic's result. */
export interface Band {
  low: number[];
  high: number[];
}

/**
 * Percentile bootstrap: how far statistics of n observations would spread had others been observed. The n observations
 * are drawn with replacement, over and over; the band holds the middle 95% of what comes out. All quantities of a draw (as
 * the correlation at each layer) come from the same observations. Of a single observation, drawn every time, there is no band.
 *
 * @param n number of observations (prompts)
 * @param statistic gets which observations were drawn [n] and gives one number a quantity; NaN where there is none
 * @throws UserError if there is no observation or no resample
 * @see Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13
 * @example
 * const losses = [2.1, 1.9, 3.2, 2.8, 2.4, 3.9];
 * const mean = (drawn: Int32Array) => [drawn.reduce((sum, i) => sum + losses[i], 0) / drawn.length];
 * const { low, high } = bootstrapBand(6, mean);
 * [low[0], high[0]]; // [2.2, 3.3]
 */
export function bootstrapBand(
  n: number,
  statistic: (drawn: Int32Array) => ArrayLike<number>,
  { resamples = 1000, seed = "0", level = 0.95 }: BootstrapOptions = {},
): Band {
  if (n < 1 || resamples < 1) throw new UserError(`a bootstrap of ${n} observations, ${resamples} times, says nothing`);
  const random = randomGenerator(`bootstrap|${seed}`);
  const drawn = new Int32Array(n);
  const draws: number[][] = [];
  for (let resample = 0; resample < resamples; resample++) {
    for (let i = 0; i < n; i++) drawn[i] = Math.floor(random() * n);
    Array.from(statistic(drawn)).forEach((value, quantity) => {
      draws[quantity] ??= [];
      if (Number.isFinite(value)) draws[quantity].push(value);
    });
  }
  const ends = draws.map((values) => {
    if (n < 2 || values.length === 0) return [Number.NaN, Number.NaN];
    return quantile(values, [(50 * (1 - level)) / 100, (50 * (1 + level)) / 100]);
  });
  return { low: ends.map(([low]) => low), high: ends.map(([, high]) => high) };
}

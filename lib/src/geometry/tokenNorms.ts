import { median } from "simple-statistics";
import { type Cloud, checkCloud } from "../machine/support/cloud";
import { sumUp } from "./cloudSums";
import type { Metric } from "./metric";
import { fields, number } from "./quantities";

/**
 * Length of each token's vector (Euclidean norm, in float64), in the order of the tokens.
 *
 * @throws UserError if the cloud has fewer than three points or holds NaN or infinity
 * @example
 * tokenNorms({ values: Float64Array.of(3, 4, 0, 1, 6, 8), points: 3, dimension: 2 }); // [5, 1, 10]
 */
export function tokenNorms(cloud: Cloud): Float64Array {
  checkCloud(cloud, "the cloud");
  return sumUp(cloud).squaredLengths.map(Math.sqrt);
}

/** A token whose vector is far longer than is usual in its layer. */
export interface MassiveToken {
  /** Position in the cloud, from 0. */
  position: number;
  norm: number;
  /** How many times the median norm that is. */
  times: number;
}

/** So many times the median norm is far from usual: SmolLM2's first token has 180 times. */
export const MASSIVE = 10;

/**
 * The tokens whose vectors are far longer than the median of their layer, the longest first. A few such tokens, the first one above all, hold
 * the largest variances of a layer, and so most of what a spectrum says of it; mean cosines and local dimensions hardly notice them.
 *
 * @param times from how many times the median on
 * @throws UserError as {@link tokenNorms}
 * @see Sun et al. 2024 (arXiv 2402.17762) on single features so large, and the tokens that have them
 * @example
 * const values = Float64Array.of(1, 1, 2, 400);
 * massiveTokens({ values, points: 4, dimension: 1 }); // [{ "position": 3, "norm": 400, "times": 266.67 }]
 */
export function massiveTokens(cloud: Cloud, times: number = MASSIVE): MassiveToken[] {
  const norms = tokenNorms(cloud);
  const ofMedian = timesMedian(norms);
  return Array.from(norms, (norm, position) => ({ position, norm, times: ofMedian[position] }))
    .filter((token) => token.times >= times)
    .sort((a, b) => b.norm - a.norm);
}

/** How many times the median each of some norms is. */
export function timesMedian(norms: Float64Array): Float64Array {
  const middle = median(Array.from(norms));
  return norms.map((norm) => norm / middle);
}

/** What the tokens of a layer are like before anything else is said of it; norms are over their median. */
export interface TokenHealth {
  longest: number;
  shortest: number;
  /** Of the first token. */
  first: number;
  /** How many have ten times the median or more, see {@link massiveTokens}. */
  massive: number;
  /** The share of points that differ from all before them. */
  distinct: number;
}

export const tokenNormsMetric = {
  version: 1,
  quantities: fields({
    longest: number("longestNorm"),
    shortest: number("shortestNorm"),
    first: number("firstNorm"),
    massive: number("massiveTokens"),
    distinct: number("distinctShare"),
  }),
  async measure({ squaredLengths, distinct, cloud }) {
    const norms = squaredLengths.map(Math.sqrt);
    const times = timesMedian(norms);
    return {
      longest: times[norms.indexOf(norms.reduce((one, other) => Math.max(one, other)))],
      shortest: times[norms.indexOf(norms.reduce((one, other) => Math.min(one, other)))],
      first: times[0],
      massive: times.filter((one) => one >= MASSIVE).length,
      distinct: distinct.points / cloud.points,
    };
  },
} satisfies Metric<TokenHealth>;

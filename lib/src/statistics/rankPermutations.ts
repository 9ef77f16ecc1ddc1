/** Up to so many pairs all orders are counted: 12! of them, in a few hundredths of a second. */
export const MOST_COUNTED = 12;

/** How many permutations have each sum of products of ranks, by the ranks of both sides. */
const distributions = new Map<string, Float64Array>();

/**
 * Natural logarithm of the two-sided p-value of Spearman's rho by permutations: how probable one at least as strong is if
 * each order of the second side is as probable as the others. Twice the smaller of both tails, at most 1.
 *
 * @param x ranks of the first side [n], equal values sharing the mean of theirs; at most {@link MOST_COUNTED}
 * @param y ranks of the second [n]
 * @see scipy.stats.permutation_test with permutation_type="pairings", which takes the same two tails
 */
export function logPermutationPValue(x: ArrayLike<number>, y: ArrayLike<number>): number {
  // Means of ranks are halves: doubled, all sums are whole numbers. rho grows with the sum of the products.
  const [left, right] = [x, y].map((ranks) => Array.from(ranks, (rank) => Math.round(2 * rank)));
  const observed = left.reduce((sum, rank, i) => sum + rank * right[i], 0);
  const key = [left, right].map((ranks) => ranks.toSorted((a, b) => a - b).join()).join(";");
  const counts = distributions.get(key) ?? countSums(left, right);
  distributions.set(key, counts);
  let [below, above, total] = [0, 0, 0];
  counts.forEach((count, sum) => {
    if (sum <= observed) below += count;
    if (sum >= observed) above += count;
    total += count;
  });
  return Math.min(0, Math.log((2 * Math.min(below, above)) / total));
}

/** Of all permutations, by sum of products. Subset by subset of the second side, each paired with the first so many of the first. */
function countSums(left: readonly number[], right: readonly number[]): Float64Array {
  const sorted = [left, right].map((ranks) => ranks.toSorted((a, b) => a - b));
  const length = 1 + sorted[0].reduce((sum, rank, i) => sum + rank * sorted[1][i], 0);
  let ofSubset = new Map([[0, Float64Array.of(1, ...new Float64Array(length - 1))]]);
  for (const rank of left) {
    const larger: typeof ofSubset = new Map();
    for (const [subset, counts] of ofSubset) {
      right.forEach((other, i) => {
        if (subset & (1 << i)) return;
        const next = larger.get(subset | (1 << i)) ?? new Float64Array(length);
        larger.set(subset | (1 << i), next);
        for (let sum = rank * other; sum < length; sum++) next[sum] += counts[sum - rank * other];
      });
    }
    ofSubset = larger;
  }
  return ofSubset.get(2 ** right.length - 1)!;
}

/**
 * Natural logarithm of the least p-value that permutations could give this pairing: that of the orders that make the very same
 * pairs. Of a perfect order it is the p-value, 2 / n! without ties.
 *
 * @param x ranks of the first side [n]
 * @param y ranks of the second [n]
 */
export function leastLogPValue(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const pairs = Array.from(x, (rank, i) => `${rank},${y[i]}`);
  const same = logArrangements(Array.from(x)) + logArrangements(Array.from(y)) - logArrangements(pairs);
  return Math.min(0, Math.LN2 + same - logFactorial(x.length));
}

/** ln of the number of orders in which a list reads the same. */
function logArrangements(values: readonly unknown[]): number {
  const times = new Map<unknown, number>();
  for (const value of values) times.set(value, (times.get(value) ?? 0) + 1);
  return [...times.values()].reduce((sum, count) => sum + logFactorial(count), 0);
}

function logFactorial(n: number): number {
  let logarithm = 0;
  for (let factor = 2; factor <= n; factor++) logarithm += Math.log(factor);
  return logarithm;
}

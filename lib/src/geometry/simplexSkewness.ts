import type { Matrix } from "ml-matrix";

/**
 * Intrinsic dimension by expected simplex skewness (ESS): in more dimensions two random directions are closer to a right
 * angle. Of vectors from a center, s = sum |v_i| |v_j| sin(v_i, v_j) / sum |v_i| |v_j| over all pairs is 2/pi in two
 * dimensions, pi/4 in three, and goes to 1; between whole dimensions it is interpolated linearly.
 *
 * @param vectors of points from their mean [N, D]
 * @returns NaN if there are fewer than three vectors, or all are 0
 * @see Johnsson, Soneson and Fontes 2015 (IEEE TPAMI 37), "Low bias local intrinsic dimension estimation from expected simplex
 *   skewness", version a with d = 1
 */
export function simplexSkewnessDimension(vectors: Matrix): number {
  if (vectors.rows < 3) return Number.NaN;
  const gram = vectors.mmul(vectors.transpose()); // [N, N]
  const lengths = gram.diagonal().map(Math.sqrt);
  let [areas, products] = [0, 0];
  for (let i = 0; i < vectors.rows; i++) {
    for (let j = 0; j < i; j++) {
      const both = lengths[i] * lengths[j];
      const along = gram.get(i, j);
      products += both;
      areas += Math.sqrt(Math.max(0, (both - along) * (both + along)));
    }
  }
  return dimensionOfSkewness(areas / products, vectors.columns);
}

/** The dimension, at most `largest`, in which s is expected. */
function dimensionOfSkewness(skewness: number, largest: number): number {
  if (Number.isNaN(skewness)) return Number.NaN;
  let [below, expected] = [0, 2 / Math.PI];
  // From dimension n to n + 1: s(n + 1) = (n - 1) / (n s(n)), from s(n) = gamma(n/2)^2 / (gamma((n+1)/2) gamma((n-1)/2)).
  for (let dimension = 2; dimension <= largest; dimension++) {
    if (skewness <= expected) return dimension - 1 + (skewness - below) / (expected - below);
    [below, expected] = [expected, (dimension - 1) / (dimension * expected)];
  }
  return largest;
}

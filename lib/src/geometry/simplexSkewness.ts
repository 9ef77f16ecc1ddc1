/**
 * Intrinsic dimension by expected simplex skewness (ESS): in more dimensions two random directions are closer to a right
 * angle. Of vectors from a center, s = sum |v_i| |v_j| sin(v_i, v_j) / sum |v_i| |v_j| over all pairs is 2/pi in two
 * dimensions, pi/4 in three, and goes to 1; between whole dimensions it is interpolated linearly.
 *
 * @param vectors of points around their mean, each [D]; three or more, else NaN
 * @returns NaN if all vectors are 0
 * Source: Johnsson, Soneson and Fontes 2015 (IEEE TPAMI 37), "Low bias local intrinsic dimension estimation from expected
 * simplex skewness", version a with d = 1.
 */
export function simplexSkewnessDimension(vectors: readonly Float64Array[]): number {
  if (vectors.length < 3) return Number.NaN;
  const lengths = vectors.map((vector) => Math.sqrt(product(vector, vector)));
  let [areas, products] = [0, 0];
  for (let i = 0; i < vectors.length; i++) {
    for (let j = 0; j < i; j++) {
      const both = lengths[i] * lengths[j];
      const along = product(vectors[i], vectors[j]);
      products += both;
      areas += Math.sqrt(Math.max(0, (both - along) * (both + along)));
    }
  }
  return dimensionOfSkewness(areas / products, vectors[0].length);
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

function product(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Differences of some points of a cloud to their mean: what {@link simplexSkewnessDimension} takes. */
export function centeredVectors(
  { values, dimension }: { values: Float32Array | Float64Array; dimension: number },
  chosen: readonly number[],
): Float64Array[] {
  const mean = new Float64Array(dimension);
  for (const point of chosen) {
    for (let i = 0; i < dimension; i++) mean[i] += values[point * dimension + i] / chosen.length;
  }
  return chosen.map((point) => mean.map((center, i) => values[point * dimension + i] - center));
}

/**
 * A percentile with linear interpolation between the two values around it, as NumPy's default. (simple-statistics'
 * `quantile` takes one value or the middle of two.)
 *
 * @param sorted ascending numbers, one or more
 * @param percent 0 to 100
 * @returns NaN if there are no values
 */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = (percent / 100) * (sorted.length - 1);
  const below = Math.min(Math.floor(position), sorted.length - 1);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

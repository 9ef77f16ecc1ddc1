/**
 * The inner loops of the geometry, for WebAssembly with SIMD: two float64 or four float32 operations at once. Arguments of
 * type usize are places in memory. Called by lib/src/geometry/kernels.ts.
 */
import * as vectors from "./vectors";

export { hashOnto } from "./hash";
export { release, reserve, topOfMemory } from "./memory";
export { beginNeighbors, findNeighbors } from "./neighbors";
export { beginSelection, binValues, selectedOrder, selectedValues, sortTaken, takeUpTo } from "./select";
export { subtractPair, symmetricProduct } from "./symmetric";
export { dotProducts } from "./vectors";

export function sumUp(
  values: usize,
  isDouble: bool,
  points: i32,
  dimension: i32,
  weights: usize,
  lengths: usize,
  sums: usize,
): void {
  if (isDouble) vectors.sumUp<f64>(values, points, dimension, weights, lengths, sums);
  else vectors.sumUp<f32>(values, points, dimension, weights, lengths, sums);
}

export function center(
  values: usize,
  isDouble: bool,
  points: i32,
  dimension: i32,
  stride: i32,
  origin: usize,
  scale: f64,
  centered: usize,
  lengths: usize,
): void {
  if (isDouble) vectors.center<f64>(values, points, dimension, stride, origin, scale, centered, lengths);
  else vectors.center<f32>(values, points, dimension, stride, origin, scale, centered, lengths);
}

/** Cosines of the angles at which points see their two neighbors: `pairs` int32 [points, 2], `cosines` float64 [points]. */
export function cosines(
  values: usize,
  isDouble: bool,
  points: i32,
  dimension: i32,
  pairs: usize,
  cosines: usize,
): void {
  const row = (<usize>dimension) << (isDouble ? 3 : 2);
  for (let point = 0; point < points; point++) {
    const here = values + <usize>point * row;
    const one = values + <usize>load<i32>(pairs) * row;
    const other = values + <usize>load<i32>(pairs, 4) * row;
    store<f64>(
      cosines,
      isDouble
        ? vectors.cosineAt<f64>(here, one, other, dimension)
        : vectors.cosineAt<f32>(here, one, other, dimension),
    );
    pairs += 8;
    cosines += 8;
  }
}

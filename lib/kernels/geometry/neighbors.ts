/**
 * The nearest neighbors of points, exact in float64, from float32 products that are uncertain within a bound: only distances
 * that the bound cannot tell apart, and those that are asked for, are measured by differences of coordinates.
 */
import { reserve } from "./memory";
import { beginSelection, binValues, selectedOrder, selectedValues, sortAt, takeUpTo } from "./select";
import { sortByKey } from "./sort";
import { squaredDistance } from "./vectors";

/** Relative error of keeping an approximate distance as a float32. */
const KEPT_AS_FLOAT32: f64 = 1 / <f64>(1 << 23);

let points: i32 = 0;
let dimension: i32 = 0;
let values: usize = 0;
let isDouble: bool = false;
let squaredNorms: usize = 0;
let originals: usize = 0;
let relativeError: f64 = 0;
let listed: i32 = 0;
let ranks: usize = 0;
let rankCount: i32 = 0;
let furthest: i32 = 0;

/** Approximate squared distances of the point at hand to all, and which are the smallest. */
let approximate: usize = 0;
let order: usize = 0;
/** Places before this are sorted by approximate distance, or better. */
let sortedTo: i32 = 0;
/** Squared distances in float64 by the original of the other point, where they have been measured, else NaN. */
let measured: usize = 0;
/** The same by the other point itself: the keys of a sort. */
let keys: usize = 0;
let spare: usize = 0;
/** Approximate squared distances that differ by no more than this may be in the wrong order. */
let uncertainty: f64 = 0;

/**
 * Says what {@link findNeighbors} is about.
 *
 * @param cloudValues [points, dimension], float64 or float32
 * @param norms squared length of each centered point, float64 [points]
 * @param firstOnes of each point the first that coincides with it, itself if there is none, int32 [points]
 * @param error a product differs from the exact one by less than this times both lengths
 * @param neighbors how many neighbors are to be listed for each point
 * @param distanceRanks at which neighbors, counted from 1, the distance is asked for; ascending, int32 [distanceRankCount]
 */
export function beginNeighbors(
  cloudValues: usize,
  double: bool,
  cloudPoints: i32,
  cloudDimension: i32,
  norms: usize,
  firstOnes: usize,
  error: f64,
  neighbors: i32,
  distanceRanks: usize,
  distanceRankCount: i32,
): void {
  values = cloudValues;
  isDouble = double;
  points = cloudPoints;
  dimension = cloudDimension;
  squaredNorms = norms;
  originals = firstOnes;
  relativeError = error;
  listed = neighbors;
  ranks = distanceRanks;
  rankCount = distanceRankCount;
  furthest = rankCount > 0 ? max(listed, numberAt(ranks, rankCount - 1)) : listed;
  beginSelection(points);
  approximate = selectedValues();
  order = selectedOrder();
  measured = reserve((<usize>points) << 3);
  keys = reserve((<usize>points) << 3);
  spare = reserve((<usize>points) << 2);
}

/**
 * Finds the neighbors of some points that follow each other.
 *
 * @param first the first of them
 * @param count how many
 * @param gram their products with all points, float32 [count, points]
 * @param indices where their neighbors go, int32 [count, listed]
 * @param distances where the distances at the ranks go, float64 [count, rankCount]
 */
export function findNeighbors(first: i32, count: i32, gram: usize, indices: usize, distances: usize): void {
  for (let point = first; point < first + count; point++) {
    findOf(point, gram, indices, distances);
    gram += (<usize>points) << 2;
    indices += (<usize>listed) << 2;
    distances += (<usize>rankCount) << 3;
  }
}

function findOf(point: i32, gram: usize, indices: usize, distances: usize): void {
  approximateDistances(point, gram);
  const candidates = selectCandidates(point);
  memory.fill(measured, 0xff, (<usize>points) << 3); // NaN
  sortedTo = 0;
  let certain = 0; // so many places of `order` are as they should be
  while (certain < listed) certain = putInOrder(point, certain, certain, candidates);
  memory.copy(indices, order, (<usize>listed) << 2);
  for (let i = 0; i < rankCount; i++) {
    const place = numberAt(ranks, i) - 1;
    if (place >= certain) certain = putInOrder(point, place, certain, candidates);
    store<f64>(distances + ((<usize>i) << 3), Math.sqrt(distanceTo(point, numberAt(order, place))));
  }
}

/** d^2 = |x|^2 + |y|^2 - 2 xy, to all points. */
function approximateDistances(point: i32, gram: usize): void {
  const square = load<f64>(squaredNorms + ((<usize>point) << 3));
  const squares = f64x2.splat(square);
  const zero = f32x4.splat(0);
  let norms = squaredNorms;
  let to = approximate;
  let other = 0;
  for (; other + 3 < points; other += 4) {
    const products = v128.load(gram);
    const doubled = f32x4.add(products, products);
    const low = f64x2.sub(f64x2.add(squares, v128.load(norms)), f64x2.promote_low_f32x4(doubled));
    const upper = f64x2.promote_low_f32x4(v128.shuffle<f32>(doubled, doubled, 2, 3, 2, 3));
    const high = f64x2.sub(f64x2.add(squares, v128.load(norms, 16)), upper);
    const four = v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
    v128.store(to, f32x4.max(four, zero));
    gram += 16;
    norms += 32;
    to += 16;
  }
  for (; other < points; other++) {
    const distance = square + load<f64>(norms) - 2 * <f64>load<f32>(gram);
    store<f32>(to, <f32>max(distance, 0));
    gram += 4;
    norms += 8;
    to += 4;
  }
}

/**
 * Puts into `order` all points that may be among the `furthest` nearest, by approximate distance. Returns their number.
 *
 * The error of an approximate d^2 is twice that of the product: at most 2 e |x| |y|, with the relative error e. A point y at
 * a distance d <= T of x is no longer than |x| + T, so its error is at most E = 2 e |x| (|x| + T); T is chosen such that the
 * wanted points are surely within it, and then all that may be wanted come out at T^2 + E or less.
 */
function selectCandidates(point: i32): i32 {
  const value = <f64>binValues(furthest, point);
  const norm = Math.sqrt(load<f64>(squaredNorms + ((<usize>point) << 3)));
  const slope = 2 * relativeError * norm;
  const kept = value * (1 + KEPT_AS_FLOAT32);
  const reach = slope / 2 + Math.sqrt((slope * slope) / 4 + kept + slope * norm); // T: T^2 = value + E
  const error = slope * (norm + reach) + 2 * reach * reach * KEPT_AS_FLOAT32;
  uncertainty = 2 * error;
  return takeUpTo(<f32>min(reach * reach + error, 3e38), point);
}

/**
 * Puts the candidate of one place where it belongs: those that cannot be told from it, directly or through others, are
 * measured and sorted by true distance and then index; all before them are surely nearer, all after them further.
 *
 * @param certain so many places are done
 * @returns how many places are done now
 */
function putInOrder(point: i32, place: i32, certain: i32, candidates: i32): i32 {
  let start = place;
  let nearer = candidateAt(start);
  let further = nearer;
  while (start > certain) {
    const next = candidateAt(start - 1);
    if (nearer - next > uncertainty) break;
    nearer = next;
    start--;
  }
  let end = place + 1;
  while (end < candidates) {
    const next = candidateAt(end);
    if (next - further > uncertainty) break;
    further = next;
    end++;
  }
  if (end - start > 1) {
    const isOnePlace = coincide(start, end);
    for (let next = start; next < end; next++) {
      const other = numberAt(order, next);
      store<f64>(keys + ((<usize>other) << 3), isOnePlace ? 0 : distanceTo(point, other));
    }
    sortByKey<f64>(order + ((<usize>start) << 2), end - start, keys, spare);
  }
  return end;
}

/** Whether some candidates are one and the same point: then there is nothing to measure. */
function coincide(start: i32, end: i32): bool {
  const original = numberAt(originals, numberAt(order, start));
  for (let next = start + 1; next < end; next++) {
    if (numberAt(originals, numberAt(order, next)) !== original) return false;
  }
  return true;
}

/** The squared distance of two points in float64, by differences of coordinates. */
function distanceTo(point: i32, other: i32): f64 {
  const original = numberAt(originals, other);
  const known = load<f64>(measured + ((<usize>original) << 3));
  if (known >= 0) return known;
  const distance = isDouble
    ? squaredDistance<f64>(coordinatesOf(point), coordinatesOf(other), dimension)
    : squaredDistance<f32>(coordinatesOf(point), coordinatesOf(other), dimension);
  store<f64>(measured + ((<usize>original) << 3), distance);
  return distance;
}

function coordinatesOf(point: i32): usize {
  return values + ((<usize>point * <usize>dimension) << (isDouble ? 3 : 2));
}

/** The approximate squared distance that is at a place when they are sorted. */
function candidateAt(place: i32): f64 {
  if (place === sortedTo) sortedTo = sortAt(place);
  else if (place > sortedTo) sortAt(place);
  return <f64>load<f32>(approximate + ((<usize>numberAt(order, place)) << 2));
}

function numberAt(array: usize, index: i32): i32 {
  return load<i32>(array + ((<usize>index) << 2));
}

/** The smallest of many values, in order: sorted into bins, and within a bin only where it is asked for. */
import { reserve } from "./memory";
import { sortByKey } from "./sort";

const BINS = 1024;

let length: i32 = 0;
/** The values, float32 [length], none negative: their bits, as integers, are in the order of the values. */
let values: usize = 0;
/** Which of them are the smallest, int32 [length]: bin after bin. */
let order: usize = 0;
/** Of each bin, from the second on, how many values it holds; then where its next value goes, in the end where it ends. */
let bins: usize = 0;
/** Of each bin whether it has been sorted. */
let sorted: usize = 0;
let spare: usize = 0;
let low: i32 = 0;
let shift: i32 = 0;
/** The first bin that is not taken, and how many values are in those before it. */
let bin: i32 = 0;
let below: i32 = 0;

/** Makes room for so many values. */
export function beginSelection(size: i32): void {
  length = size;
  values = reserve((<usize>size) << 2);
  order = reserve((<usize>size) << 2);
  spare = reserve((<usize>(size + 1)) << 2);
  bins = reserve((BINS + 1) << 2) + 4; // Before the first there is room for a 0, where it starts.
  sorted = reserve(BINS);
}

/** Where the values go, float32 [length]. */
export function selectedValues(): usize {
  return values;
}

/** After {@link takeUpTo}: which values are the smallest, int32; in order where {@link sortAt} was called. */
export function selectedOrder(): usize {
  return order;
}

/**
 * Sorts all values but one into bins.
 *
 * @param wanted how many of the smallest are asked for; fewer than there are
 * @param skipped number of the value that is left out
 * @returns something between the `wanted`-th smallest value and a little above it
 */
export function binValues(wanted: i32, skipped: i32): f32 {
  // In the place of the one that is left out stands another while the range is looked for.
  const hole = values + ((<usize>skipped) << 2);
  const kept = load<i32>(hole);
  store<i32>(hole, load<i32>(values + ((<usize>(skipped === 0 ? 1 : 0)) << 2)));
  findRange();
  memory.fill(bins - 4, 0, (BINS + 1) << 2);
  const lowest = low; // Locals for the loops: a global is read from memory each time.
  const by = shift;
  const counts = bins;
  const end = values + ((<usize>length) << 2);
  for (let at = values; at < end; at += 4) {
    const count = counts + ((<usize>((load<i32>(at) - lowest) >> by)) << 2);
    store<i32>(count, load<i32>(count) + 1);
  }
  const count = counts + ((<usize>((load<i32>(hole) - lowest) >> by)) << 2);
  store<i32>(count, load<i32>(count) - 1);
  store<i32>(hole, kept);
  let found = 0;
  let next = counts;
  for (; found < wanted; next += 4) found = placeAfter(next, found);
  below = found;
  bin = <i32>(next - counts) >> 2;
  return reinterpret<f32>(<i32>min(<i64>lowest + ((<i64>bin) << by), 0x7f7fffff));
}

function findRange(): void {
  let lowest = i32x4.splat(0x7fffffff);
  let highest = i32x4.splat(0);
  const end = values + ((<usize>length) << 2);
  let at = values;
  for (; at + 12 < end; at += 16) {
    const four = v128.load(at);
    lowest = i32x4.min_s(lowest, four);
    highest = i32x4.max_s(highest, four);
  }
  low = min(
    min(i32x4.extract_lane(lowest, 0), i32x4.extract_lane(lowest, 1)),
    min(i32x4.extract_lane(lowest, 2), i32x4.extract_lane(lowest, 3)),
  );
  let high = max(
    max(i32x4.extract_lane(highest, 0), i32x4.extract_lane(highest, 1)),
    max(i32x4.extract_lane(highest, 2), i32x4.extract_lane(highest, 3)),
  );
  for (; at < end; at += 4) {
    low = min(low, load<i32>(at));
    high = max(high, load<i32>(at));
  }
  shift = max(0, 22 - clz<i32>(high - low)); // (high - low) >> shift is below BINS
}

/** Puts the place of a bin's first value where its count is. Returns the place after its last value. */
function placeAfter(bin: usize, place: i32): i32 {
  const count = load<i32>(bin);
  store<i32>(bin, place);
  return place + count;
}

/**
 * Leaves in {@link selectedOrder} at least all values up to a limit, bin after bin; and no fewer than were wanted.
 *
 * @returns how many
 */
export function takeUpTo(limit: f32, skipped: i32): i32 {
  const lowest = low;
  const by = shift;
  const places = bins;
  const numbers = order;
  const last = min(BINS - 1, (reinterpret<i32>(limit) - lowest) >> by);
  for (; bin <= last; bin++) below = placeAfter(places + ((<usize>bin) << 2), below);
  const room = <i32>min(<i64>lowest + ((<i64>bin) << by), 0x7fffffff); // values of bits below this are taken
  // Gathered first, without a branch that nobody could predict.
  let taken = spare;
  let at = values;
  for (let i = 0; i < length; i++) {
    store<i32>(taken, i);
    taken += (<usize>(load<i32>(at) < room)) << 2;
    at += 4;
  }
  for (let next = spare; next < taken; next += 4) {
    const number = load<i32>(next);
    if (number === skipped) continue;
    const place = places + ((<usize>((load<i32>(values + ((<usize>number) << 2)) - lowest) >> by)) << 2);
    const to = load<i32>(place);
    store<i32>(numbers + ((<usize>to) << 2), number);
    store<i32>(place, to + 1);
  }
  memory.fill(sorted, 0, bin);
  return below;
}

/** Sorts the bin that a place is in; returns the first place after it. */
export function sortAt(place: i32): i32 {
  const number = load<i32>(order + ((<usize>place) << 2));
  const own = (load<i32>(values + ((<usize>number) << 2)) - low) >> shift;
  const end = bins + ((<usize>own) << 2);
  const after = load<i32>(end);
  if (load<u8>(sorted + own) === 0) {
    const start = load<i32>(end - 4); // where the bin before it ends
    if (after - start > 1) sortByKey<i32>(order + ((<usize>start) << 2), after - start, values, spare);
    store<u8>(sorted + own, 1);
  }
  return after;
}

/** Sorts all that was taken. */
export function sortTaken(): void {
  for (let place = 0; place < below; ) place = sortAt(place);
}

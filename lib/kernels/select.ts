/** The smallest of many values, sorted: into bins first, and only what is in the lowest of them further. */
import { reserve } from "./memory";
import { sortByKey } from "./sort";

const BINS = 1024;

let length: i32 = 0;
/** The values, float32 [length], none negative: their bits, as integers, are in the order of the values. */
let values: usize = 0;
/** Which of them are the smallest, int32 [length]. */
let order: usize = 0;
/** Of each bin how many values it holds; later, where its next value goes. */
let counts: usize = 0;
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
  spare = reserve((<usize>size + 1) << 2);
  counts = reserve((BINS + 1) << 2);
}

/** Where the values go, float32 [length]. */
export function selectedValues(): usize {
  return values;
}

/** After {@link takeUpTo}: which values are the smallest, int32, smallest first. */
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
  memory.fill(counts, 0, (BINS + 1) << 2);
  const end = values + ((<usize>length) << 2);
  for (let at = values; at < end; at += 4) {
    const count = counts + ((<usize>((load<i32>(at) - low) >> shift)) << 2);
    store<i32>(count, load<i32>(count) + 1);
  }
  const count = counts + ((<usize>((load<i32>(hole) - low) >> shift)) << 2);
  store<i32>(count, load<i32>(count) - 1);
  store<i32>(hole, kept);
  bin = 0;
  below = 0;
  while (below < wanted) addBin();
  return reinterpret<f32>(<i32>min(<i64>low + ((<i64>bin) << shift), 0x7f7fffff));
}

function findRange(): void {
  let lowest = i32x4.splat(0x7fffffff);
  let highest = i32x4.splat(0);
  let i = 0;
  let at = values;
  for (; i + 3 < length; i += 4) {
    const four = v128.load(at);
    lowest = i32x4.min_s(lowest, four);
    highest = i32x4.max_s(highest, four);
    at += 16;
  }
  low = min(
    min(i32x4.extract_lane(lowest, 0), i32x4.extract_lane(lowest, 1)),
    min(i32x4.extract_lane(lowest, 2), i32x4.extract_lane(lowest, 3)),
  );
  let high = max(
    max(i32x4.extract_lane(highest, 0), i32x4.extract_lane(highest, 1)),
    max(i32x4.extract_lane(highest, 2), i32x4.extract_lane(highest, 3)),
  );
  for (; i < length; i++) {
    low = min(low, load<i32>(at));
    high = max(high, load<i32>(at));
    at += 4;
  }
  shift = max(0, 22 - clz<i32>(high - low)); // (high - low) >> shift is below BINS
}

/** Takes the next bin: its count becomes the place of its first value. */
function addBin(): void {
  const at = counts + ((<usize>bin) << 2);
  const count = load<i32>(at);
  store<i32>(at, below);
  below += count;
  bin++;
}

/**
 * Leaves in {@link selectedOrder} at least all values up to a limit, sorted; and no fewer than were wanted.
 *
 * @returns how many
 */
export function takeUpTo(limit: f32, skipped: i32): i32 {
  const last = min(BINS - 1, (reinterpret<i32>(limit) - low) >> shift);
  while (bin <= last) addBin();
  const room = <i32>min(<i64>low + ((<i64>bin) << shift), 0x7fffffff); // values of bits below this are taken
  // Gathered first, without a branch that nobody could predict.
  let taken = spare;
  let at = values;
  for (let i = 0; i < length; i++) {
    store<i32>(taken, i);
    taken += (<usize>(load<i32>(at) < room && i !== skipped)) << 2;
    at += 4;
  }
  for (let next = spare; next < taken; next += 4) {
    const number = load<i32>(next);
    const place = counts + ((<usize>((load<i32>(values + ((<usize>number) << 2)) - low) >> shift)) << 2);
    const to = load<i32>(place);
    store<i32>(order + ((<usize>to) << 2), number);
    store<i32>(place, to + 1);
  }
  // The place of a bin's next value is now that of the next bin's first.
  let start = 0;
  for (let next = 0; next < bin; next++) {
    const end = load<i32>(counts + ((<usize>next) << 2));
    if (end - start > 1) sortByKey<f32>(order + ((<usize>start) << 2), end - start, values, spare);
    start = end;
  }
  return below;
}

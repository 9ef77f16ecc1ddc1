/** Sorting of numbers of points by a key of each. */

/** From so many on, sorting by insertion is slow. */
const CROWDED = 32;

/**
 * Sorts int32 numbers by their keys (of type T, at `keys` by number), ascending; equal ones by number.
 *
 * @param spare room for as many numbers
 */
export function sortByKey<T>(numbers: usize, count: i32, keys: usize, spare: usize): void {
  if (count <= CROWDED) {
    insertByKey<T>(numbers, count, keys);
    return;
  }
  const half = count >> 1;
  const upper = numbers + ((<usize>half) << 2);
  sortByKey<T>(numbers, half, keys, spare);
  sortByKey<T>(upper, count - half, keys, spare);
  memory.copy(spare, numbers, (<usize>half) << 2);
  // Both halves go back into one: the lower from its copy, the upper from its place, which the result never overtakes.
  const end = numbers + ((<usize>count) << 2);
  const spareEnd = spare + ((<usize>half) << 2);
  let from = upper;
  let to = numbers;
  while (spare < spareEnd) {
    if (from < end && isBefore<T>(load<i32>(from), load<i32>(spare), keys)) {
      store<i32>(to, load<i32>(from));
      from += 4;
    } else {
      store<i32>(to, load<i32>(spare));
      spare += 4;
    }
    to += 4;
  }
}

function insertByKey<T>(numbers: usize, count: i32, keys: usize): void {
  const end = numbers + ((<usize>count) << 2);
  for (let next = numbers + 4; next < end; next += 4) {
    const number = load<i32>(next);
    let place = next;
    for (; place > numbers && isBefore<T>(number, load<i32>(place - 4), keys); place -= 4) {
      store<i32>(place, load<i32>(place - 4));
    }
    store<i32>(place, number);
  }
}

function isBefore<T>(one: i32, other: i32, keys: usize): bool {
  const a = load<T>(keys + <usize>one * sizeof<T>());
  const b = load<T>(keys + <usize>other * sizeof<T>());
  return a < b || (a === b && one < other);
}

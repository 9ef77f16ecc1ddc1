/**
 * How symbols that stand in a row become fewer: neighbors are joined, the pair of the lowest rank first and of equal ones
 * the leftmost, until no pair can be. Symbols are known by their place in the row; what they are is for the caller to know.
 */
export interface PairMerges {
  /** The rank of a symbol and the next one, lower ones first; NaN if they are never joined. */
  rank(left: number, right: number): number;
  /** The two are one symbol from now on, known by the place of the left one. */
  join(left: number, right: number): void;
}

/**
 * Joins neighbors until none are left to be joined, in O(n log n) steps.
 *
 * @param count the number of symbols at the beginning, at places 0 .. count - 1
 * @returns the places of the symbols at the end, in order
 * @see Sennrich et al. 2016, section 3.2 (byte pair encoding)
 */
export function mergePairs(count: number, { rank, join }: PairMerges): number[] {
  const next = Int32Array.from({ length: count }, (_, place) => place + 1);
  const previous = Int32Array.from({ length: count }, (_, place) => place - 1);
  /** How often a symbol was changed; -1 once it is a part of the one to its left. */
  const age = new Int32Array(count);
  const queue = new PairQueue();
  const offer = (left: number) => {
    const right = next[left];
    if (left < 0 || right >= count) return;
    const found = rank(left, right);
    if (!Number.isNaN(found)) queue.push({ rank: found, left, right, ages: age[left] + age[right] });
  };
  for (let place = 0; place < count; place++) offer(place);
  for (let pair = queue.pop(); pair; pair = queue.pop()) {
    const { left, right } = pair;
    // Ages only grow, but for the -1 of what is gone.
    if (age[left] < 0 || age[right] < 0 || age[left] + age[right] !== pair.ages) continue;
    join(left, right);
    age[left]++;
    age[right] = -1;
    next[left] = next[right];
    if (next[left] < count) previous[next[left]] = left;
    offer(previous[left]);
    offer(left);
  }
  const rest: number[] = [];
  for (let place = 0; place < count; place = next[place]) rest.push(place);
  return rest;
}

interface Pair {
  rank: number;
  left: number;
  right: number;
  /** The sum of both ages when the pair was found: if it is another one now, the pair is no more. */
  ages: number;
}

const comesBefore = (a: Pair, b: Pair) => a.rank < b.rank || (a.rank === b.rank && a.left < b.left);

/** A binary heap: the pair to be joined first is at its top. */
class PairQueue {
  private readonly heap: Pair[] = [];

  push(pair: Pair): void {
    const { heap } = this;
    let place = heap.length;
    for (; place > 0; ) {
      const parent = (place - 1) >> 1;
      if (!comesBefore(pair, heap[parent])) break;
      heap[place] = heap[parent];
      place = parent;
    }
    heap[place] = pair;
  }

  pop(): Pair | undefined {
    const { heap } = this;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return last;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && comesBefore(heap[child + 1], heap[child])) child++;
      if (!comesBefore(heap[child], last)) break;
      heap[place] = heap[child];
      place = child;
    }
    heap[place] = last;
    return top;
  }
}

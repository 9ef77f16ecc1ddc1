/** Bins that values are sorted into. */
const BINS = 1024;

/** From so many values in one bin on, sorting by insertion is slow. */
const CROWDED = 32;

/**
 * Sorts the smallest of many positive float32 values: into bins by their bits, which sort as the values do, then by
 * insertion. Its arrays are reused from call to call.
 */
export class SmallestValues {
  /** Where values are put before {@link select}. */
  readonly values: Float32Array;
  /** After {@link select}: which values are the smallest, smallest first. */
  readonly order: Int32Array;
  private readonly bits: Int32Array;
  private readonly counts = new Int32Array(BINS + 1);
  private readonly edge = new Float32Array(1);
  private readonly edgeBits: Int32Array = new Int32Array(this.edge.buffer);

  /** @param length how many values there are */
  constructor(private readonly length: number) {
    this.values = new Float32Array(length);
    this.bits = new Int32Array(this.values.buffer);
    this.order = new Int32Array(length);
  }

  /**
   * Leaves in `order` at least all values up to a limit, sorted.
   *
   * @param wanted how many values count; fewer than there are
   * @param skipped index of a value that is left out
   * @param widen the limit, from something between the `wanted`-th smallest value and a little above it
   * @returns how many are in `order`
   */
  select(wanted: number, skipped: number, widen: (value: number) => number): number {
    const { bits, counts, length, order } = this;
    let [low, high] = [0x7fffffff, 0];
    for (let i = 0; i < length; i++) {
      const value = bits[i];
      if (i === skipped) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    const shift = Math.max(0, 22 - Math.clz32(high - low)); // (high - low) >> shift is below BINS
    counts.fill(0);
    for (let i = 0; i < length; i++) {
      if (i !== skipped) counts[(bits[i] - low) >> shift]++;
    }
    let bin = 0;
    let below = 0; // values in bins before `bin`
    let crowded = 0;
    const sumUp = (): void => {
      const count = counts[bin];
      if (count > crowded) crowded = count;
      counts[bin++] = below; // from here on, the place of the bin's next value
      below += count;
    };
    while (below < wanted) sumUp();
    this.edgeBits[0] = Math.min(low + 2 ** shift * bin, 0x7f7fffff);
    this.edge[0] = Math.min(widen(this.edge[0]), 3e38);
    const last = Math.min(BINS - 1, (this.edgeBits[0] - low) >> shift);
    while (bin <= last) sumUp();
    const limit = bin;
    for (let i = 0; i < length; i++) {
      const place = (bits[i] - low) >> shift;
      if (place < limit && i !== skipped) order[counts[place]++] = i;
    }
    this.sort(below, crowded);
    return below;
  }

  private sort(count: number, crowded: number): void {
    const { values, order } = this;
    if (crowded > CROWDED) {
      order.subarray(0, count).sort((a, b) => values[a] - values[b]);
      return;
    }
    for (let i = 1; i < count; i++) {
      const index = order[i];
      const value = values[index];
      let place = i;
      for (; place > 0 && values[order[place - 1]] > value; place--) order[place] = order[place - 1];
      order[place] = index;
    }
  }
}

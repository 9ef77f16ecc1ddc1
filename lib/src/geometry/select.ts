import { KernelMemory } from "./kernels";

/**
 * Sorts the smallest of many positive float32 values: into bins by their bits, which sort as the values do, then the lowest
 * bins. Its arrays are reused from call to call. (The work is done by lib/kernels/select.ts.)
 */
export class SmallestValues {
  /** Where values are put before {@link select}. */
  readonly values: Float32Array;
  /** After {@link select}: which values are the smallest, smallest first. */
  readonly order: Int32Array;
  private readonly memory = new KernelMemory();

  /** @param length how many values there are */
  constructor(length: number) {
    const { call } = this.memory;
    call.beginSelection(length);
    this.values = this.memory.float32(call.selectedValues(), length);
    this.order = this.memory.int32(call.selectedOrder(), length);
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
    const { call } = this.memory;
    const value = call.binValues(wanted, skipped);
    const count = call.takeUpTo(Math.min(widen(value), 3e38), skipped);
    call.sortTaken();
    return count;
  }
}

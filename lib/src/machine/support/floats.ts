import { fromFloat16 } from "./float16";

/** Plain numbers as files hold them, widened to float32. */

let table: Float32Array | undefined;

/** The values of all half-precision numbers (IEEE 754), by their bits. [65536] */
export function halves(): Float32Array {
  table ??= fromFloat16(Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits));
  return table;
}

export function widenF16(stored: Uint16Array): Float32Array {
  const half = halves();
  const values = new Float32Array(stored.length);
  for (let i = 0; i < stored.length; i++) values[i] = half[stored[i]];
  return values;
}

/** A bfloat16 is the upper half of the float32 of the same value. */
export function widenBF16(stored: Uint16Array): Float32Array {
  const bits = new Uint32Array(stored.length);
  for (let i = 0; i < stored.length; i++) bits[i] = stored[i] << 16;
  return new Float32Array(bits.buffer);
}

/** The exponent's bits of a float32: all are set in one that is not finite. */
const EXPONENT = 0x7f800000;
const LOWEST_OF_EXPONENT = 0x00800000;

/** Whether all values are finite. All weights of a model go through here, so four are looked at a time, without branches. */
export function areFinite(values: Float32Array): boolean {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  // An exponent of ones runs over into the sign.
  const overflow = (i: number) => (bits[i] & EXPONENT) + LOWEST_OF_EXPONENT;
  const quads = bits.length - (bits.length % 4);
  let found = 0;
  for (let i = 0; i < quads; i += 4) found |= overflow(i) | overflow(i + 1) | overflow(i + 2) | overflow(i + 3);
  for (let i = quads; i < bits.length; i++) found |= overflow(i);
  return found >= 0;
}

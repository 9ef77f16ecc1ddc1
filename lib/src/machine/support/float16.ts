/** Half precision (IEEE 754 binary16): 11 significant bits, up to 65504. Values travel as their 16 bits. */

/** The largest finite number. */
export const LARGEST_FLOAT16 = 65504;

const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

/** The bits of the nearest half-precision numbers, ties to even; what is too large becomes infinity. */
export function toFloat16(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, bitsOf);
}

/** The numbers that half-precision bits stand for, exactly. */
export function fromFloat16(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, numberOf);
}

function bitsOf(value: number): number {
  word[0] = value;
  const sign = (bits[0] >>> 16) & 0x8000;
  const rest = bits[0] & 0x7fffffff;
  if (rest > 0x7f800000) return sign | 0x7e00; // NaN
  // Below 2^-14 the steps are equal, 2^-24: the rounding is that of a division.
  if (rest < 0x38800000) return sign | roundToEven(Math.abs(value) * 2 ** 24);
  const exponent = (rest >>> 23) - 112;
  const rounded = (exponent << 10) + roundToEven((rest & 0x7fffff) / 2 ** 13);
  return sign | Math.min(rounded, 0x7c00);
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const over = value - below;
  return over > 0.5 || (over === 0.5 && below % 2 === 1) ? below + 1 : below;
}

function numberOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction > 0 ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** How exactly hidden states are captured: the authors ran, and stored them, in bfloat16. */
export type CapturedPrecision = "float32" | "bfloat16";

/** Values as they are after being stored in a precision. Rounds to nearest, ties to even, as PyTorch does. */
export function roundTo(precision: CapturedPrecision, values: Float32Array): Float32Array {
  if (precision === "float32") return values;
  const rounded = Float32Array.from(values);
  const bits = new Uint32Array(rounded.buffer);
  for (let i = 0; i < bits.length; i++) {
    // Finite values only: adding just under half a unit, or half of one where the kept part is odd, rounds it.
    bits[i] = (bits[i] + 0x7fff + ((bits[i] >>> 16) & 1)) & 0xffff0000;
  }
  return rounded;
}

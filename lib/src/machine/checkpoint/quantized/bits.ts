/** The 4 bits of a place, two of which share a byte, the first in its lower half. */
export function nibble(bytes: Uint8Array, at: number, place: number): number {
  return (bytes[at + (place >> 1)] >> (4 * (place & 1))) & 15;
}

/** 32 bits, the first byte holding the lowest. */
export function fourBytes(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

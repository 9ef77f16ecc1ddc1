/**
 * Types with blocks of 32 values and one scale each, a half-precision number in front of the block unless it is said
 * otherwise. Every product is exact in float64, so that a value is rounded once, as it is in ggml.
 * Source: ggml, ggml-common.h (the blocks) and ggml-quants.c (`dequantize_row_..`).
 */
import { halves } from "../../support/floats";
import { fourBytes } from "./bits";
import type { Dequantize } from "./blockType";

/** Values d (q - 8), q of 4 bits: the first 16 in the lower halves of the bytes, the others in the upper. */
export const q40: Dequantize = (bytes, values) => {
  const half = halves();
  for (let at = 0, to = 0; to < values.length; at += 18, to += 32) {
    const scale = half[bytes[at] | (bytes[at + 1] << 8)];
    for (let i = 0; i < 16; i++) {
      const pair = bytes[at + 2 + i];
      values[to + i] = scale * ((pair & 15) - 8);
      values[to + 16 + i] = scale * ((pair >> 4) - 8);
    }
  }
};

/** Values d q + m, with the smallest value m behind the scale d. */
export const q41: Dequantize = (bytes, values) => {
  const half = halves();
  for (let at = 0, to = 0; to < values.length; at += 20, to += 32) {
    const scale = half[bytes[at] | (bytes[at + 1] << 8)];
    const smallest = half[bytes[at + 2] | (bytes[at + 3] << 8)];
    for (let i = 0; i < 16; i++) {
      const pair = bytes[at + 4 + i];
      values[to + i] = scale * (pair & 15) + smallest;
      values[to + 16 + i] = scale * (pair >> 4) + smallest;
    }
  }
};

/** As {@link q40} with d (q - 16): the fifth bits of all q stand together, 4 bytes in front of the others. */
export const q50: Dequantize = (bytes, values) => {
  const half = halves();
  for (let at = 0, to = 0; to < values.length; at += 22, to += 32) {
    const scale = half[bytes[at] | (bytes[at + 1] << 8)];
    const high = fourBytes(bytes, at + 2);
    for (let i = 0; i < 16; i++) {
      const pair = bytes[at + 6 + i];
      values[to + i] = scale * (((pair & 15) | (((high >> i) & 1) << 4)) - 16);
      values[to + 16 + i] = scale * (((pair >> 4) | (((high >> (16 + i)) & 1) << 4)) - 16);
    }
  }
};

/** As {@link q41} with the fifth bits of {@link q50}. */
export const q51: Dequantize = (bytes, values) => {
  const half = halves();
  for (let at = 0, to = 0; to < values.length; at += 24, to += 32) {
    const scale = half[bytes[at] | (bytes[at + 1] << 8)];
    const smallest = half[bytes[at + 2] | (bytes[at + 3] << 8)];
    const high = fourBytes(bytes, at + 4);
    for (let i = 0; i < 16; i++) {
      const pair = bytes[at + 8 + i];
      values[to + i] = scale * ((pair & 15) | (((high >> i) & 1) << 4)) + smallest;
      values[to + 16 + i] = scale * ((pair >> 4) | (((high >> (16 + i)) & 1) << 4)) + smallest;
    }
  }
};

/** Values d q, q of 8 bits with a sign. */
export const q80: Dequantize = (bytes, values) => {
  const half = halves();
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0, to = 0; to < values.length; at += 34, to += 32) {
    const scale = half[bytes[at] | (bytes[at + 1] << 8)];
    for (let i = 0; i < 32; i++) values[to + i] = scale * signed[at + 2 + i];
  }
};

/** What the 4 bits of IQ4_NL and IQ4_XS stand for: denser around zero, as weights are. */
export const NONLINEAR_LEVELS = Int8Array.of(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

/** As {@link q40}, with levels that are not evenly spaced. */
export const iq4NL: Dequantize = (bytes, values) => {
  const half = halves();
  for (let at = 0, to = 0; to < values.length; at += 18, to += 32) {
    const scale = half[bytes[at] | (bytes[at + 1] << 8)];
    for (let i = 0; i < 16; i++) {
      const pair = bytes[at + 2 + i];
      values[to + i] = scale * NONLINEAR_LEVELS[pair & 15];
      values[to + 16 + i] = scale * NONLINEAR_LEVELS[pair >> 4];
    }
  }
};

/** Twice the numbers of 4 bits (sign, two of exponent, one of fraction) of the Open Compute Project's MX formats. */
const E2M1_LEVELS = Int8Array.of(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

/** As {@link iq4NL}; the scale is a power of two, given by its exponent in one byte. */
export const mxfp4: Dequantize = (bytes, values) => {
  for (let at = 0, to = 0; to < values.length; at += 17, to += 32) {
    // One less than the exponent says, since the levels are doubled.
    const scale = 2 ** (bytes[at] - 128);
    for (let i = 0; i < 16; i++) {
      const pair = bytes[at + 1 + i];
      values[to + i] = scale * E2M1_LEVELS[pair & 15];
      values[to + 16 + i] = scale * E2M1_LEVELS[pair >> 4];
    }
  }
};

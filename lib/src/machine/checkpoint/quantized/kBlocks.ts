/**
 * The "K" types: blocks of 256 values with a half-precision scale, cut into groups that have small whole scales of their own.
 * Every product is exact in float64, so that a value is rounded once, as it is in ggml.
 * Source: ggml, ggml-common.h (the blocks) and ggml-quants.c (`dequantize_row_..`).
 */
import { halves } from "../../support/floats";
import type { Dequantize } from "./blockType";
import { NONLINEAR_LEVELS } from "./smallBlocks";

const BLOCK = 256;

/** 2 bits a value, d s q - m t: groups of 16 with s and t of 4 bits. Scales, values, d, m. */
export const q2K: Dequantize = (bytes, values) => {
  const half = halves();
  for (let at = 0, to = 0; to < values.length; at += 84) {
    const scale = half[bytes[at + 80] | (bytes[at + 81] << 8)];
    const offset = half[bytes[at + 82] | (bytes[at + 83] << 8)];
    for (let group = 0; group < 16; group++, to += 16) {
      const pair = bytes[at + group];
      const [step, smallest] = [scale * (pair & 15), offset * (pair >> 4)];
      const from = at + 16 + placeOfTwoBits(group);
      const shift = group & 6;
      for (let i = 0; i < 16; i++) values[to + i] = step * ((bytes[from + i] >> shift) & 3) - smallest;
    }
  }
};

/**
 * Where values of 2 bits stand: 128 values are in 32 bytes, the first 32 in the lowest bits of these, the next in the next
 * bits; two groups of 16 make up 32. The bits are at `group & 6`.
 */
function placeOfTwoBits(group: number): number {
  return (group >> 3) * 32 + (group & 1) * 16;
}

/** 3 bits a value, d (s - 32) (q - 4): groups of 16 with s of 6 bits. Third bits, lower two, scales, d. */
export const q3K: Dequantize = (bytes, values) => {
  const half = halves();
  for (let at = 0, to = 0; to < values.length; at += 110) {
    const scale = half[bytes[at + 108] | (bytes[at + 109] << 8)];
    for (let group = 0; group < 16; group++, to += 16) {
      const low = (bytes[at + 96 + (group & 7)] >> (group < 8 ? 0 : 4)) & 15;
      const high = (bytes[at + 104 + (group & 3)] >> ((group >> 2) * 2)) & 3;
      const step = scale * ((low | (high << 4)) - 32);
      const from = at + 32 + placeOfTwoBits(group);
      const third = at + (group & 1) * 16;
      const shift = group & 6;
      const bit = group >> 1;
      for (let i = 0; i < 16; i++) {
        const value = ((bytes[from + i] >> shift) & 3) | (((bytes[third + i] >> bit) & 1) << 2);
        values[to + i] = step * (value - 4);
      }
    }
  }
};

/** Of Q4_K and Q5_K: the scale of a group, of 6 bits. There are 8 groups; the last four have theirs in two pieces. */
function groupScale(bytes: Uint8Array, at: number, group: number): number {
  return group < 4 ? bytes[at + group] & 63 : (bytes[at + group + 4] & 15) | ((bytes[at + group - 4] >> 6) << 4);
}

/** The same for what is subtracted. */
function groupOffset(bytes: Uint8Array, at: number, group: number): number {
  return group < 4 ? bytes[at + group + 4] & 63 : (bytes[at + group + 4] >> 4) | ((bytes[at + group] >> 6) << 4);
}

/** 4 bits a value, d s q - m t: groups of 32 with s and t of 6 bits. d, m, scales, values. */
export const q4K: Dequantize = (bytes, values) => {
  const half = halves();
  for (let at = 0, to = 0; to < values.length; at += 144) {
    const scale = half[bytes[at] | (bytes[at + 1] << 8)];
    const offset = half[bytes[at + 2] | (bytes[at + 3] << 8)];
    for (let group = 0; group < 8; group++, to += 32) {
      const step = scale * groupScale(bytes, at + 4, group);
      const smallest = offset * groupOffset(bytes, at + 4, group);
      const from = at + 16 + (group >> 1) * 32;
      const shift = (group & 1) * 4;
      for (let i = 0; i < 32; i++) values[to + i] = step * ((bytes[from + i] >> shift) & 15) - smallest;
    }
  }
};

/** As {@link q4K} with a fifth bit: 32 bytes in front of the values, one bit for each group. */
export const q5K: Dequantize = (bytes, values) => {
  const half = halves();
  for (let at = 0, to = 0; to < values.length; at += 176) {
    const scale = half[bytes[at] | (bytes[at + 1] << 8)];
    const offset = half[bytes[at + 2] | (bytes[at + 3] << 8)];
    for (let group = 0; group < 8; group++, to += 32) {
      const step = scale * groupScale(bytes, at + 4, group);
      const smallest = offset * groupOffset(bytes, at + 4, group);
      const from = at + 48 + (group >> 1) * 32;
      const shift = (group & 1) * 4;
      for (let i = 0; i < 32; i++) {
        const value = ((bytes[from + i] >> shift) & 15) | (((bytes[at + 16 + i] >> group) & 1) << 4);
        values[to + i] = step * value - smallest;
      }
    }
  }
};

/** 6 bits a value, d s (q - 32): groups of 16 with s of 8 bits and a sign. Lower four bits, upper two, scales, d. */
export const q6K: Dequantize = (bytes, values) => {
  const half = halves();
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0, to = 0; to < values.length; at += 210) {
    const scale = half[bytes[at + 208] | (bytes[at + 209] << 8)];
    for (let group = 0; group < 16; group++, to += 16) {
      const step = scale * signed[at + 192 + group];
      // 128 values have their lower bits in 64 bytes: the first 64 in the lower halves, the others in the upper.
      const low = at + (group >> 3) * 64 + (group & 3) * 16;
      const lowShift = group & 4;
      const high = at + 128 + placeOfTwoBits(group);
      const highShift = group & 6;
      for (let i = 0; i < 16; i++) {
        const value = ((bytes[low + i] >> lowShift) & 15) | (((bytes[high + i] >> highShift) & 3) << 4);
        values[to + i] = step * (value - 32);
      }
    }
  }
};

/** 4 bits a value with the levels of IQ4_NL, d (s - 32) level: groups of 32 with s of 6 bits. d, scales, values. */
export const iq4XS: Dequantize = (bytes, values) => {
  const half = halves();
  for (let at = 0, to = 0; to < values.length; at += 136) {
    const scale = half[bytes[at] | (bytes[at + 1] << 8)];
    const highs = bytes[at + 2] | (bytes[at + 3] << 8);
    for (let group = 0; group < 8; group++, to += 32) {
      const low = (bytes[at + 4 + (group >> 1)] >> ((group & 1) * 4)) & 15;
      const step = scale * ((low | (((highs >> (group * 2)) & 3) << 4)) - 32);
      const from = at + 8 + group * 16;
      for (let i = 0; i < 16; i++) {
        const pair = bytes[from + i];
        values[to + i] = step * NONLINEAR_LEVELS[pair & 15];
        values[to + 16 + i] = step * NONLINEAR_LEVELS[pair >> 4];
      }
    }
  }
};

/** -d, 0 or d, five in a byte: 32 bytes of 160 values, 16 of 80, 4 of the last 16; then d. */
export const tq10: Dequantize = (bytes, values) => {
  const half = halves();
  for (let at = 0, to = 0; to < values.length; at += 54) {
    const scale = half[bytes[at + 52] | (bytes[at + 53] << 8)];
    to = threefold(bytes, at, 32, 5, scale, values, to);
    to = threefold(bytes, at + 32, 16, 5, scale, values, to);
    to = threefold(bytes, at + 48, 4, 4, scale, values, to);
  }
};

/** Digits to base 3: the byte is the number as a fraction of 256, so that its first digit is the whole part of three times it. */
function threefold(
  bytes: Uint8Array,
  at: number,
  count: number,
  digits: number,
  scale: number,
  values: Float32Array,
  start: number,
): number {
  let to = start;
  for (let digit = 0, power = 1; digit < digits; digit++, power *= 3) {
    for (let i = 0; i < count; i++) values[to++] = scale * (((((bytes[at + i] * power) & 255) * 3) >> 8) - 1);
  }
  return to;
}

/** -d, 0, d or 2 d, in 2 bits; then d. */
export const tq20: Dequantize = (bytes, values) => {
  const half = halves();
  for (let at = 0, to = 0; to < values.length; at += 66) {
    const scale = half[bytes[at + 64] | (bytes[at + 65] << 8)];
    for (let group = 0; group < BLOCK / 16; group++, to += 16) {
      const from = at + placeOfTwoBits(group);
      const shift = group & 6;
      for (let i = 0; i < 16; i++) values[to + i] = scale * (((bytes[from + i] >> shift) & 3) - 1);
    }
  }
};

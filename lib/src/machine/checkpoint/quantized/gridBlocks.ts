/**
 * The "IQ" types with grids: blocks of 256 values, of which 4 or 8 at a time are given by a code, their place in a grid of
 * groups that occur often. Every product is exact in float64, so that a value is rounded once, as it is in ggml.
 * Source: ggml, ggml-common.h (blocks and grids) and ggml-quants.c (`dequantize_row_..`).
 */
import { halves } from "../../support/floats";
import { fourBytes, nibble } from "./bits";
import type { Dequantize } from "./blockType";
import { type Grid, IQ1S_GRID, IQ2S_GRID, IQ2XS_GRID, IQ2XXS_GRID, IQ3S_GRID, IQ3XXS_GRID } from "./grids";

/** The levels of all groups of a grid, one after the other, unpacked when they are first needed. */
function lazyGrid({ levels, bits, packed }: Grid): () => Int8Array {
  let unpacked: Int8Array | undefined;
  return () => {
    if (unpacked) return unpacked;
    const bytes = Buffer.from(packed, "base64");
    const perByte = 8 / bits;
    unpacked = Int8Array.from({ length: bytes.length * perByte }, (_, i) => {
      return levels[(bytes[Math.floor(i / perByte)] >> ((i % perByte) * bits)) & ((1 << bits) - 1)];
    });
    return unpacked;
  };
}

const [iq2XXSGrid, iq2XSGrid, iq2SGrid, iq3XXSGrid, iq3SGrid, iq1SGrid] = [
  IQ2XXS_GRID,
  IQ2XS_GRID,
  IQ2S_GRID,
  IQ3XXS_GRID,
  IQ3S_GRID,
  IQ1S_GRID,
].map(lazyGrid);

/** Signs of 8 values from 7 bits: the number of negative ones is even, so that the eighth bit follows. */
const EVEN_SIGNS = Uint8Array.from({ length: 128 }, (_, code) => {
  let parity = 0;
  for (let bit = 0; bit < 7; bit++) parity ^= (code >> bit) & 1;
  return code | (parity << 7);
});

/** Writes `count` levels from place `from` of a grid, times `step`, negative where a bit of `signs` is set. */
function writeGroup(
  values: Float32Array,
  to: number,
  count: number,
  grid: Int8Array,
  from: number,
  step: number,
  signs: number,
): void {
  for (let i = 0; i < count; i++) values[to + i] = step * ((signs >> i) & 1 ? -grid[from + i] : grid[from + i]);
}

/** For 32 values 4 codes of 8 bits, then 4 times 7 bits of signs and a scale s of 4 bits: d (s + 1/2) / 4. d in front. */
export const iq2XXS: Dequantize = (bytes, values) => {
  const [half, grid] = [halves(), iq2XXSGrid()];
  for (let at = 0, to = 0; to < values.length; at += 66) {
    const scale = half[bytes[at] | (bytes[at + 1] << 8)];
    for (let from = at + 2; from < at + 66; from += 8) {
      const packed = fourBytes(bytes, from + 4);
      const step = scale * (0.5 + (packed >>> 28)) * 0.25;
      for (let group = 0; group < 4; group++, to += 8) {
        const signs = EVEN_SIGNS[(packed >>> (7 * group)) & 127];
        writeGroup(values, to, 8, grid, bytes[from + group] * 8, step, signs);
      }
    }
  }
};

/** For 8 values a code of 9 bits with 7 bits of signs; for 16 values a scale of 4 bits as in {@link iq2XXS}. d, codes, scales. */
export const iq2XS: Dequantize = (bytes, values) => {
  const [half, grid] = [halves(), iq2XSGrid()];
  for (let at = 0, to = 0; to < values.length; at += 74) {
    const scale = half[bytes[at] | (bytes[at + 1] << 8)];
    for (let group = 0; group < 32; group++, to += 8) {
      const code = bytes[at + 2 + 2 * group] | (bytes[at + 3 + 2 * group] << 8);
      const step = scale * (0.5 + nibble(bytes, at + 66, group >> 1)) * 0.25;
      writeGroup(values, to, 8, grid, (code & 511) * 8, step, EVEN_SIGNS[code >> 9]);
    }
  }
};

/** As {@link iq2XS} with codes of 10 bits and all 8 signs. d, lower bits of codes, signs, upper bits of codes, scales. */
export const iq2S: Dequantize = (bytes, values) => {
  const [half, grid] = [halves(), iq2SGrid()];
  for (let at = 0, to = 0; to < values.length; at += 82) {
    const scale = half[bytes[at] | (bytes[at + 1] << 8)];
    for (let group = 0; group < 32; group++, to += 8) {
      const high = (bytes[at + 66 + (group >> 2)] >> (2 * (group & 3))) & 3;
      const code = bytes[at + 2 + group] | (high << 8);
      const step = scale * (0.5 + nibble(bytes, at + 74, group >> 1)) * 0.25;
      writeGroup(values, to, 8, grid, code * 8, step, bytes[at + 34 + group]);
    }
  }
};

/** Codes of 8 bits for 4 values; for 32 values signs and scale as in {@link iq2XXS}, d (s + 1/2) / 2. d, codes, signs. */
export const iq3XXS: Dequantize = (bytes, values) => {
  const [half, grid] = [halves(), iq3XXSGrid()];
  for (let at = 0, to = 0; to < values.length; at += 98) {
    const scale = half[bytes[at] | (bytes[at + 1] << 8)];
    for (let part = 0; part < 8; part++) {
      const packed = fourBytes(bytes, at + 66 + 4 * part);
      const step = scale * (0.5 + (packed >>> 28)) * 0.5;
      for (let group = 0; group < 8; group++, to += 4) {
        const signs = EVEN_SIGNS[(packed >>> (7 * (group >> 1))) & 127] >> (4 * (group & 1));
        writeGroup(values, to, 4, grid, bytes[at + 2 + 8 * part + group] * 4, step, signs);
      }
    }
  }
};

/** Codes of 9 bits for 4 values, all signs, and for 32 values a scale: d (2 s + 1). d, lower bits, ninth bits, signs, scales. */
export const iq3S: Dequantize = (bytes, values) => {
  const [half, grid] = [halves(), iq3SGrid()];
  for (let at = 0, to = 0; to < values.length; at += 110) {
    const scale = half[bytes[at] | (bytes[at + 1] << 8)];
    for (let group = 0; group < 64; group++, to += 4) {
      const ninth = (bytes[at + 66 + (group >> 3)] >> (group & 7)) & 1;
      const code = bytes[at + 2 + group] | (ninth << 8);
      const step = scale * (1 + 2 * nibble(bytes, at + 106, group >> 3));
      writeGroup(values, to, 4, grid, code * 4, step, bytes[at + 74 + (group >> 1)] >> (4 * (group & 1)));
    }
  }
};

/** What all 8 (or 32) levels of the 1-bit types are moved by, up or down. */
const SHIFT = 0.125;

/** Codes of 11 bits for 8 values; for 32 values a scale of 3 bits, d (2 s + 1), and the sign of the shift. d, lower bits, rest. */
export const iq1S: Dequantize = (bytes, values) => {
  const [half, grid] = [halves(), iq1SGrid()];
  for (let at = 0, to = 0; to < values.length; at += 50) {
    const scale = half[bytes[at] | (bytes[at + 1] << 8)];
    for (let group = 0; group < 32; group++, to += 8) {
      const part = at + 34 + 2 * (group >> 2);
      const rest = bytes[part] | (bytes[part + 1] << 8);
      const code = bytes[at + 2 + group] | (((rest >> (3 * (group & 3))) & 7) << 8);
      const step = scale * (2 * ((rest >> 12) & 7) + 1);
      const shift = rest & 0x8000 ? -SHIFT : SHIFT;
      for (let i = 0; i < 8; i++) values[to + i] = step * (grid[code * 8 + i] + shift);
    }
  }
};

/**
 * As {@link iq1S} with a scale for 16 values and a shift for 8. Lower bits of codes, upper bits and shifts, scales; d is in
 * the upper 4 bits of the four pairs of bytes that hold the scales.
 */
export const iq1M: Dequantize = (bytes, values) => {
  const [half, grid] = [halves(), iq1SGrid()];
  for (let at = 0, to = 0; to < values.length; at += 56) {
    const pair = (index: number) => bytes[at + 48 + 2 * index] | (bytes[at + 49 + 2 * index] << 8);
    const scale = half[(pair(0) >> 12) | ((pair(1) >> 12) << 4) | ((pair(2) >> 12) << 8) | ((pair(3) >> 12) << 12)];
    for (let group = 0; group < 32; group++, to += 8) {
      const rest = nibble(bytes, at + 32, group);
      const code = bytes[at + group] | ((rest & 7) << 8);
      const step = scale * (2 * ((pair(group >> 3) >> (3 * ((group >> 1) & 3))) & 7) + 1);
      const shift = rest & 8 ? -SHIFT : SHIFT;
      for (let i = 0; i < 8; i++) values[to + i] = step * (grid[code * 8 + i] + shift);
    }
  }
};

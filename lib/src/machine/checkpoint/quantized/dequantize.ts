import { tensorTypeNamed } from "../../gguf/tensorTypes";
import type { Dequantize } from "./blockType";
import { iq1M, iq1S, iq2S, iq2XS, iq2XXS, iq3S, iq3XXS } from "./gridBlocks";
import { iq4XS, q2K, q3K, q4K, q5K, q6K, tq10, tq20 } from "./kBlocks";
import { iq4NL, mxfp4, q40, q41, q50, q51, q80 } from "./smallBlocks";

const DEQUANTIZE: Readonly<Record<string, Dequantize>> = {
  Q4_0: q40,
  Q4_1: q41,
  Q5_0: q50,
  Q5_1: q51,
  Q8_0: q80,
  Q2_K: q2K,
  Q3_K: q3K,
  Q4_K: q4K,
  Q5_K: q5K,
  Q6_K: q6K,
  IQ4_NL: iq4NL,
  IQ4_XS: iq4XS,
  TQ1_0: tq10,
  TQ2_0: tq20,
  MXFP4: mxfp4,
  IQ1_S: iq1S,
  IQ1_M: iq1M,
  IQ2_XXS: iq2XXS,
  IQ2_XS: iq2XS,
  IQ2_S: iq2S,
  IQ3_XXS: iq3XXS,
  IQ3_S: iq3S,
};

/** The types of quantized values that can be read, as gguf for Python spells them. */
export const QUANTIZED_TYPES: readonly string[] = Object.keys(DEQUANTIZE);

export function isQuantizedType(type: string): boolean {
  return Object.hasOwn(DEQUANTIZE, type);
}

/**
 * The values of blocks of a quantized type, as float32, bit for bit those of gguf 0.19 for Python.
 *
 * @param type one of {@link QUANTIZED_TYPES}
 * @param bytes whole blocks
 * @param room is written to, if it is large enough, so that many small pieces need no memory of their own
 */
export function dequantize(type: string, bytes: Uint8Array, room?: Float32Array): Float32Array {
  const { blockValues, blockBytes } = tensorTypeNamed(type)!;
  const count = (bytes.length / blockBytes) * blockValues;
  const values = room && room.length >= count ? room.subarray(0, count) : new Float32Array(count);
  DEQUANTIZE[type](bytes, values);
  return values;
}

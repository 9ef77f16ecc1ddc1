import { UserError } from "../support/errors";
import { readStoredBytes, type StoredTensor } from "./storedTensor";

/** What four bits stand for (E2M1): a sign and one of these. */
const SIZES = [0, 0.5, 1, 1.5, 2, 3, 4, 6];
const VALUES = [...SIZES, ...SIZES.map((size) => -size)];

/**
 * Reads weights in MXFP4 as gpt-oss has them in safetensors files: 32 values share an exponent of two, and two values a byte,
 * the lower four bits first.
 * Sources: Open Compute Project 2023, OCP Microscaling Formats (MX) Specification 1.0; Hugging Face transformers,
 * integrations/mxfp4.py.
 *
 * @param blocks bytes [.., 16], two values each
 * @param scales bytes [..], one for each block: its exponent plus 127
 * @returns [.., 32]
 * @throws UserError if a scale is no number
 */
export function readMxfp4(blocks: StoredTensor, scales: StoredTensor): Float32Array {
  const [pairs, exponents] = [readStoredBytes(blocks), readStoredBytes(scales)];
  if (exponents.includes(255))
    throw new UserError(`${scales.file}: tensor "${scales.name}" holds 255, which is no scale`);
  const result = new Float32Array(2 * pairs.length);
  for (let i = 0; i < pairs.length; i++) {
    const unit = 2 ** (exponents[i >> 4] - 127);
    result[2 * i] = VALUES[pairs[i] & 15] * unit;
    result[2 * i + 1] = VALUES[pairs[i] >> 4] * unit;
  }
  return result;
}

import { writeFileAtomically } from "../support/files";

/** A tensor to be written, row by row. */
export interface NamedTensor {
  name: string;
  shape: number[];
  /** Uint16Array stands for the bits of float16. */
  values: Float32Array | Uint16Array;
}

/** The data begin at a multiple of this, as whoever maps the file into memory likes it. */
const ALIGNMENT = 8;

/**
 * Writes tensors as a safetensors file, atomically, in the order given. Names must differ.
 * Layout: see {@link readSafetensorsHeader}.
 *
 * @param metadata texts by their names; the format has no other ones
 * @throws UserError if the file cannot be written
 */
export function writeSafetensors(
  path: string,
  tensors: readonly NamedTensor[],
  metadata: Record<string, string>,
): void {
  let end = 0;
  const entries = tensors.map(({ name, shape, values }) => {
    const begin = end;
    end += values.byteLength;
    return [name, { dtype: values instanceof Uint16Array ? "F16" : "F32", shape, data_offsets: [begin, end] }];
  });
  const text = Buffer.from(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }));
  const header = Buffer.alloc(Math.ceil((8 + text.length) / ALIGNMENT) * ALIGNMENT, " ");
  header.writeBigUInt64LE(BigInt(header.length - 8));
  text.copy(header, 8);
  const data = tensors.map(({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  writeFileAtomically(path, [header, ...data]);
}

/** How a .npy file may differ from a good one. */
export interface NpyOptions {
  type?: string;
  order?: "True" | "False";
  /** What the header claims; the real number of values does not change. */
  shape?: string;
}

/** A .npy file of float32 values as NumPy writes it (format 1.0), or with a header that lies. */
export function makeNpy(values: readonly number[], shape: readonly number[], options: NpyOptions = {}): Buffer {
  const { type = "<f4", order = "False" } = options;
  const tuple = options.shape ?? (shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`);
  const dictionary = `{'descr': '${type}', 'fortran_order': ${order}, 'shape': ${tuple}, }`;
  const header = `${dictionary.padEnd(Math.ceil((dictionary.length + 11) / 64) * 64 - 11)}\n`;
  const prefix = Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, header.length & 0xff, header.length >> 8]);
  return Buffer.concat([prefix, Buffer.from(header, "latin1"), Buffer.from(Float32Array.from(values).buffer)]);
}

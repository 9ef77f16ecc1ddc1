/** Writes the values of whole blocks, one after the other: as many blocks of `bytes` as fill `values`. */
export type Dequantize = (bytes: Uint8Array, values: Float32Array) => void;

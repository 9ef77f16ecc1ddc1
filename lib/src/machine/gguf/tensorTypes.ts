/** How the values of a tensor are stored: in blocks of so many values, each of so many bytes. */
export interface TensorType {
  name: string;
  blockValues: number;
  blockBytes: number;
}

/**
 * The types by their number in the file. Of some the values cannot be read here (checkpoint/dequantize.ts says which can),
 * but all have a known size, so that a file that holds them can be checked and its other tensors read.
 * Source: ggml, ggml.h (`ggml_type`) and ggml-common.h (the blocks); gguf 0.19 for Python, constants.py.
 */
const TYPES: readonly (readonly [id: number, name: string, blockValues: number, blockBytes: number])[] = [
  [0, "F32", 1, 4],
  [1, "F16", 1, 2],
  [2, "Q4_0", 32, 18],
  [3, "Q4_1", 32, 20],
  [6, "Q5_0", 32, 22],
  [7, "Q5_1", 32, 24],
  [8, "Q8_0", 32, 34],
  [9, "Q8_1", 32, 36],
  [10, "Q2_K", 256, 84],
  [11, "Q3_K", 256, 110],
  [12, "Q4_K", 256, 144],
  [13, "Q5_K", 256, 176],
  [14, "Q6_K", 256, 210],
  [15, "Q8_K", 256, 292],
  [16, "IQ2_XXS", 256, 66],
  [17, "IQ2_XS", 256, 74],
  [18, "IQ3_XXS", 256, 98],
  [19, "IQ1_S", 256, 50],
  [20, "IQ4_NL", 32, 18],
  [21, "IQ3_S", 256, 110],
  [22, "IQ2_S", 256, 82],
  [23, "IQ4_XS", 256, 136],
  [24, "I8", 1, 1],
  [25, "I16", 1, 2],
  [26, "I32", 1, 4],
  [27, "I64", 1, 8],
  [28, "F64", 1, 8],
  [29, "IQ1_M", 256, 56],
  [30, "BF16", 1, 2],
  [34, "TQ1_0", 256, 54],
  [35, "TQ2_0", 256, 66],
  [39, "MXFP4", 32, 17],
  [40, "NVFP4", 64, 36],
  [41, "Q1_0", 128, 18],
];

/** Types that were taken out of the format again, by their number. */
const WITHDRAWN: ReadonlyMap<number, string> = new Map([
  [4, "Q4_2"],
  [5, "Q4_3"],
  [31, "Q4_0_4_4"],
  [32, "Q4_0_4_8"],
  [33, "Q4_0_8_8"],
  [36, "IQ4_NL_4_4"],
  [37, "IQ4_NL_4_8"],
  [38, "IQ4_NL_8_8"],
]);

const BY_ID: ReadonlyMap<number, TensorType> = new Map(
  TYPES.map(([id, name, blockValues, blockBytes]) => [id, { name, blockValues, blockBytes }]),
);

const BY_NAME: ReadonlyMap<string, TensorType> = new Map([...BY_ID.values()].map((type) => [type.name, type]));

/** The type of a number in a file, or why there is none of it. */
export function tensorTypeOf(id: number): TensorType | string {
  const withdrawn = WITHDRAWN.get(id);
  return (
    BY_ID.get(id) ??
    (withdrawn
      ? `is of type ${withdrawn}, which was taken out of the format; get the file in another type`
      : `is of an unknown type (number ${id})`)
  );
}

/** The type of a name, as gguf for Python spells it; undefined if there is none of it. */
export function tensorTypeNamed(name: string): TensorType | undefined {
  return BY_NAME.get(name);
}

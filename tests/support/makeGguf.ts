import { readFileSync } from "node:fs";
import { type GgufHeader, type GgufValue, readGgufHeader } from "../../lib/src/machine/gguf/header";

/** A value of metadata with the number that the format has for its type. */
export type TypedValue = readonly [
  type: "u8" | "i32" | "u32" | "f32" | "bool" | "text" | "u64" | "f64",
  value: unknown,
];

const TYPE_IDS = { u8: 0, u32: 4, i32: 5, f32: 6, bool: 7, text: 8, u64: 10, f64: 12 };
const ARRAY = 9;

export interface TensorToWrite {
  name: string;
  /** As the format numbers types: 0 is F32. */
  type: number;
  /** In C order. */
  shape: readonly number[];
  data: Uint8Array;
  /** Where the data is claimed to begin; where it does, without it. */
  offset?: bigint;
}

export interface GgufToWrite {
  magic?: string;
  version?: number;
  metadata: readonly (readonly [key: string, value: TypedValue | readonly TypedValue[] | Buffer])[];
  tensors: readonly TensorToWrite[];
  tensorCount?: bigint;
  entryCount?: bigint;
  alignment?: number;
}

const number = (bytes: number, write: (buffer: Buffer) => void): Buffer => {
  const buffer = Buffer.alloc(bytes);
  write(buffer);
  return buffer;
};
const u32 = (value: number) => number(4, (buffer) => buffer.writeUInt32LE(value));
const u64 = (value: bigint | number) => number(8, (buffer) => buffer.writeBigUInt64LE(BigInt(value)));

/** A text as the format has it; bytes are taken as they are. */
export function ggufText(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text as string);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function plain([type, value]: TypedValue): Buffer {
  switch (type) {
    case "u8":
      return Buffer.from([value as number]);
    case "bool":
      return Buffer.from([value === true ? 1 : value === false ? 0 : (value as number)]);
    case "i32":
      return number(4, (buffer) => buffer.writeInt32LE(value as number));
    case "u32":
      return u32(value as number);
    case "f32":
      return number(4, (buffer) => buffer.writeFloatLE(value as number));
    case "f64":
      return number(8, (buffer) => buffer.writeDoubleLE(value as number));
    case "u64":
      return u64(value as bigint);
    case "text":
      return ggufText(value as string);
  }
}

function isList(value: TypedValue | readonly TypedValue[]): value is readonly TypedValue[] {
  return Array.isArray(value[0]);
}

function valueBytes(value: TypedValue | readonly TypedValue[] | Buffer): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (!isList(value)) return Buffer.concat([u32(TYPE_IDS[value[0]]), plain(value)]);
  return Buffer.concat([u32(ARRAY), u32(TYPE_IDS[value[0][0]]), u64(value.length), ...value.map(plain)]);
}

/** Bytes up to the next multiple of the alignment. */
const padded = (bytes: Buffer, alignment: number): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((alignment - (bytes.length % alignment)) % alignment)]);

/** A GGUF file, as right or as wrong as is asked for. */
export function makeGguf(file: GgufToWrite): Buffer {
  const { magic = "GGUF", version = 3, metadata, tensors, alignment = 32 } = file;
  const pieces = [
    Buffer.from(magic),
    u32(version),
    u64(file.tensorCount ?? tensors.length),
    u64(file.entryCount ?? metadata.length),
    ...metadata.flatMap(([key, value]) => [ggufText(key), valueBytes(value)]),
  ];
  let offset = 0;
  const data: Buffer[] = [];
  for (const tensor of tensors) {
    const shape = [...tensor.shape].reverse();
    pieces.push(ggufText(tensor.name), u32(shape.length), ...shape.map(u64), u32(tensor.type));
    pieces.push(u64(tensor.offset ?? offset));
    data.push(padded(Buffer.from(tensor.data), alignment));
    offset += data.at(-1)!.length;
  }
  return Buffer.concat([padded(Buffer.concat(pieces), alignment), ...data]);
}

/** What the header of a file is made of, to be put together again with changes. Whole numbers become u32. */
export function takeApart(path: string): { file: GgufToWrite; header: GgufHeader } {
  const header = readGgufHeader(path);
  const bytes = readFileSync(path);
  const typed = (value: GgufValue): TypedValue => {
    if (typeof value === "string") return ["text", value];
    if (typeof value === "boolean") return ["bool", value];
    return Number.isInteger(value) ? ["u32", value] : ["f32", value];
  };
  const metadata = [...header.metadata].map(([key, value]) => [key, typed(value)] as const);
  const ids = new Map(GGUF_TYPE_IDS);
  const tensors = [...header.tensors.values()].map(({ name, type, shape, begin, end }) => ({
    name,
    type: ids.get(type)!,
    shape,
    data: bytes.subarray(begin, end),
  }));
  return { file: { metadata, tensors }, header };
}

const GGUF_TYPE_IDS: readonly (readonly [string, number])[] = [
  ...["F32", "F16", "Q4_0", "Q4_1"].map((name, id) => [name, id] as const),
  ...["Q5_0", "Q5_1", "Q8_0", "Q8_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_K"].map(
    (name, index) => [name, index + 6] as const,
  ),
  ...["IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS"].map(
    (name, index) => [name, index + 16] as const,
  ),
  ["F64", 28],
  ["IQ1_M", 29],
  ["BF16", 30],
  ["TQ1_0", 34],
  ["TQ2_0", 35],
  ["MXFP4", 39],
];

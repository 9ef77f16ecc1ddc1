import type { ByteCursor } from "./byteCursor";

/**
 * A value of a file's metadata. Whole numbers of 64 bits are numbers where these are exact, else bigint; arrays of numbers
 * are typed arrays of the type that the file stores.
 */
export type GgufValue = number | bigint | boolean | string | string[] | boolean[] | NumericArray;

export type NumericArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;

/** A type of values: what reads one, the fewest bytes of one, and what makes an array of the bytes of several. */
interface ValueType {
  bytes: number;
  one(cursor: ByteCursor): GgufValue;
  many?(bytes: ArrayBuffer): NumericArray;
}

const safe = (value: bigint): number | bigint =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;

/** As the format numbers them. The machine's own order of bytes is that of the file: little-endian (see header.ts). */
const VALUE_TYPES: readonly (ValueType | undefined)[] = [
  { bytes: 1, one: (cursor) => cursor.uint8(), many: (bytes) => new Uint8Array(bytes) },
  { bytes: 1, one: (cursor) => cursor.int8(), many: (bytes) => new Int8Array(bytes) },
  { bytes: 2, one: (cursor) => cursor.uint16(), many: (bytes) => new Uint16Array(bytes) },
  { bytes: 2, one: (cursor) => cursor.int16(), many: (bytes) => new Int16Array(bytes) },
  { bytes: 4, one: (cursor) => cursor.uint32(), many: (bytes) => new Uint32Array(bytes) },
  { bytes: 4, one: (cursor) => cursor.int32(), many: (bytes) => new Int32Array(bytes) },
  { bytes: 4, one: (cursor) => cursor.float32(), many: (bytes) => new Float32Array(bytes) },
  { bytes: 1, one: flag },
  { bytes: 8, one: (cursor) => cursor.string() },
  undefined, // An array.
  { bytes: 8, one: (cursor) => safe(cursor.uint64()), many: (bytes) => new BigUint64Array(bytes) },
  { bytes: 8, one: (cursor) => safe(cursor.int64()), many: (bytes) => new BigInt64Array(bytes) },
  { bytes: 8, one: (cursor) => cursor.float64(), many: (bytes) => new Float64Array(bytes) },
];

const ARRAY = 9;

/** The fewest bytes that a key and its value take up. */
export const SMALLEST_ENTRY = 8 + 4 + 1;

/** Reads the type of a value and then the value. @throws Error saying what is wrong */
export function readValue(cursor: ByteCursor): GgufValue {
  const type = cursor.uint32();
  if (type !== ARRAY) return valueType(type).one(cursor);
  const inner = cursor.uint32();
  // The format has arrays of arrays; no model does, and llama.cpp does not read them either.
  if (inner === ARRAY) throw new Error("it is an array of arrays, which is not supported");
  const { bytes, one, many } = valueType(inner);
  const count = cursor.count(bytes);
  if (many) return many(cursor.copy(count * bytes));
  const values: GgufValue[] = [];
  for (let i = 0; i < count; i++) values.push(one(cursor));
  return values as string[] | boolean[];
}

function valueType(id: number): ValueType {
  const type = VALUE_TYPES[id];
  if (!type) throw new Error(`it is of an unknown type (number ${id})`);
  return type;
}

function flag(cursor: ByteCursor): boolean {
  const value = cursor.uint8();
  if (value > 1) throw new Error(`it is a truth value of ${value}`);
  return value === 1;
}

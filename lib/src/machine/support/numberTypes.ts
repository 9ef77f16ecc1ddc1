import { UserError } from "./errors";
import { widenBF16, widenF16 } from "./floats";

/** Types of numbers that files hold, as safetensors spells them, and the bytes of each. */
const BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

export type NumberType = keyof typeof BYTES;

/** Numbers in memory: float32 and what it holds exactly of shorter floats, float64 for float64 and integers. */
export type Numbers = Float32Array | Float64Array;

export function isNumberType(type: string): type is NumberType {
  return Object.hasOwn(BYTES, type);
}

export function bytesPerNumber(type: NumberType): number {
  return BYTES[type];
}

/**
 * The numbers that little-endian bytes stand for, exactly.
 *
 * @param name of what holds them, for messages
 * @throws UserError if an integer is beyond 2^53, from where float64 leaves out some
 */
export function numbersOf(type: NumberType, bytes: Uint8Array, name: string): Numbers {
  // A typed array must start at a multiple of its item's size.
  const { buffer, byteOffset } = bytes.byteOffset % BYTES[type] === 0 ? bytes : new Uint8Array(bytes);
  const count = bytes.length / BYTES[type];
  const raw = <Kind>(Kind: new (buffer: ArrayBufferLike, offset: number, count: number) => Kind): Kind =>
    new Kind(buffer, byteOffset, count);
  switch (type) {
    case "F32":
      return raw(Float32Array) as Float32Array;
    case "F64":
      return raw(Float64Array) as Float64Array;
    case "F16":
      return widenF16(raw(Uint16Array) as Uint16Array);
    case "BF16":
      return widenBF16(raw(Uint16Array) as Uint16Array);
    case "F8_E5M2":
      // The upper half of the float16 of the same value.
      return widenF16(Uint16Array.from(raw(Uint8Array), (byte) => byte << 8));
    case "F8_E4M3":
      return Float32Array.from(raw(Uint8Array), fromE4M3);
    case "BOOL":
      return Float64Array.from(raw(Uint8Array), (byte) => Number(byte !== 0));
    case "U64":
    case "I64":
      return exactNumbers(raw<BigInt64Array | BigUint64Array>(type === "U64" ? BigUint64Array : BigInt64Array), name);
    default:
      return Float64Array.from(raw<ArrayLike<number>>(NARROW_INTEGERS[type]));
  }
}

/**
 * Integers as float64.
 *
 * @throws UserError if one is beyond 2^53
 */
export function exactNumbers(integers: BigInt64Array | BigUint64Array, name: string): Float64Array {
  const values = new Float64Array(integers.length);
  for (let i = 0; i < values.length; i++) {
    values[i] = Number(integers[i]);
    if (values[i] >= 2 ** 53 || values[i] <= -(2 ** 53)) checkExact(integers[i], i, name);
  }
  return values;
}

function checkExact(integer: bigint, index: number, name: string): void {
  if (integer <= 2n ** 53n && integer >= -(2n ** 53n)) return;
  throw new UserError(
    `${name}: holds ${integer} (value ${index}), an integer beyond 2^53, which float64 does not tell from its neighbors; ` +
      "save it as float64 if that is near enough",
  );
}

const NARROW_INTEGERS = {
  U8: Uint8Array,
  I8: Int8Array,
  U16: Uint16Array,
  I16: Int16Array,
  U32: Uint32Array,
  I32: Int32Array,
};

/** Four bits of exponent, three of fraction, no infinities (OCP 8-bit floating point, E4M3). */
function fromE4M3(byte: number): number {
  const sign = byte & 0x80 ? -1 : 1;
  const exponent = (byte >>> 3) & 0xf;
  const fraction = byte & 7;
  if (exponent === 0xf && fraction === 7) return Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -9 : (1 + fraction / 8) * 2 ** (exponent - 7));
}

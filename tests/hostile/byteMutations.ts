/** Ways to damage a file that know nothing of its format. Positions are cut to the file's length, so all apply to all files. */
import fc from "fast-check";

/** A change of a file's bytes, and what it is, for people. */
export interface Mutation {
  what: string;
  /** @param other the bytes of another file of the kind, to take pieces from */
  apply(bytes: Buffer, other: Buffer): Buffer;
}

/** Near the start, near the end, or anywhere. */
const position: fc.Arbitrary<number> = fc.oneof(
  fc.nat(64),
  fc.nat(64).map((back) => -1 - back),
  fc.nat(2 ** 31 - 1),
);

/** The place that a position stands for among `length` ones. */
const placeOf = (at: number, length: number): number =>
  length === 0 ? 0 : at < 0 ? Math.max(0, length + at) : at % length;

/** Numbers at which readers that trust a header break. */
const HOSTILE_INTEGERS: readonly bigint[] = [
  ...[0n, 1n, 2n, 7n, 8n, 127n, 128n, 255n, 256n, 32767n, 65535n, 65536n, 10n ** 6n, 10n ** 9n],
  ...[2n ** 24n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 40n, 10n ** 12n],
  ...[2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 62n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n],
];

/** The same as they are written in texts, and what is no number there. */
export const HOSTILE_NUMBERS: readonly string[] = [
  ...HOSTILE_INTEGERS.map(String),
  ...[
    "-1",
    "-0",
    "0.5",
    "1e308",
    "1e999",
    "-1e999",
    "1e-400",
    "NaN",
    "Infinity",
    "-9007199254740993",
    "0x10",
    "1_000",
    "",
  ],
];

const within = (bytes: Buffer, from: number, to: number, put: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(to)]);

const flipBit = fc.tuple(position, fc.nat(7)).map(
  ([at, bit]): Mutation => ({
    what: `bit ${bit} of byte ${at} flipped`,
    apply(bytes) {
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[placeOf(at, copy.length)] ^= 1 << bit;
      return copy;
    },
  }),
);

const setByte = fc
  .tuple(position, fc.oneof(fc.constantFrom(0, 1, 0x22, 0x2c, 0x7b, 0x7d, 0x7f, 0x80, 0xff), fc.nat(255)))
  .map(
    ([at, value]): Mutation => ({
      what: `byte ${at} set to ${value}`,
      apply(bytes) {
        const copy = Buffer.from(bytes);
        if (copy.length > 0) copy[placeOf(at, copy.length)] = value;
        return copy;
      },
    }),
  );

const truncate = position.map(
  (at): Mutation => ({
    what: `cut off at ${at}`,
    apply: (bytes) => bytes.subarray(0, placeOf(at, bytes.length)),
  }),
);

const remove = fc.tuple(position, fc.integer({ min: 1, max: 300 })).map(
  ([at, length]): Mutation => ({
    what: `${length} bytes at ${at} removed`,
    apply(bytes) {
      const from = placeOf(at, bytes.length);
      return within(bytes, from, Math.min(bytes.length, from + length), Buffer.alloc(0));
    },
  }),
);

const insert = fc.tuple(position, fc.uint8Array({ minLength: 1, maxLength: 12 })).map(
  ([at, put]): Mutation => ({
    what: `${Buffer.from(put).toString("hex")} inserted at ${at}`,
    apply(bytes) {
      const from = placeOf(at, bytes.length);
      return within(bytes, from, from, put);
    },
  }),
);

const repeat = fc.tuple(position, fc.integer({ min: 1, max: 200 }), fc.constantFrom(1, 2, 30, 1000)).map(
  ([at, length, times]): Mutation => ({
    what: `${length} bytes at ${at} repeated ${times} times`,
    apply(bytes) {
      const from = placeOf(at, bytes.length);
      const piece = bytes.subarray(from, from + length);
      return within(bytes, from, from, Buffer.concat(Array.from({ length: times }, () => piece)));
    },
  }),
);

const overwrite = fc.tuple(position, fc.constantFrom(2, 4, 8), fc.constantFrom(...HOSTILE_INTEGERS), fc.boolean()).map(
  ([at, size, value, bigEndian]): Mutation => ({
    what: `${size} bytes at ${at} set to the number ${value}${bigEndian ? ", big-endian" : ""}`,
    apply(bytes) {
      if (bytes.length < size) return bytes;
      const eight = Buffer.alloc(8);
      eight.writeBigUInt64LE(BigInt.asUintN(64, value));
      const number = eight.subarray(0, size);
      if (bigEndian) number.reverse();
      const from = Math.min(placeOf(at, bytes.length), bytes.length - size);
      return within(bytes, from, from + size, number);
    },
  }),
);

/** As Thrift (Parquet) and others write numbers. */
const varint = fc.tuple(position, fc.integer({ min: 0, max: 9 }), fc.constantFrom(...HOSTILE_INTEGERS)).map(
  ([at, over, value]): Mutation => ({
    what: `${over} bytes at ${at} replaced by the varint ${value}`,
    apply(bytes) {
      const digits: number[] = [];
      let rest = value;
      for (; rest > 127n; rest >>= 7n) digits.push(Number(rest & 127n) | 128);
      const from = placeOf(at, bytes.length);
      return within(bytes, from, Math.min(bytes.length, from + over), Buffer.from([...digits, Number(rest)]));
    },
  }),
);

const splice = fc.tuple(position, position, fc.integer({ min: 1, max: 400 }), fc.boolean()).map(
  ([at, from, length, over]): Mutation => ({
    what: `${length} bytes of another file put ${over ? "over" : "in at"} ${at}`,
    apply(bytes, other) {
      const start = placeOf(from, other.length);
      const piece = other.subarray(start, start + length);
      const to = placeOf(at, bytes.length);
      return within(bytes, to, over ? Math.min(bytes.length, to + piece.length) : to, piece);
    },
  }),
);

/** Replaces digits that stand in the file as text. */
const numberInText = fc.tuple(fc.nat(10_000), fc.constantFrom(...HOSTILE_NUMBERS)).map(
  ([which, number]): Mutation => ({
    what: `number ${which} of the text replaced by ${number}`,
    apply(bytes) {
      const found = [...bytes.toString("latin1").matchAll(/\d+/g)];
      if (found.length === 0) return bytes;
      const { index, 0: digits } = found[which % found.length];
      return within(bytes, index, index + digits.length, Buffer.from(number));
    },
  }),
);

/** One change of a file's bytes. */
export const byteMutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 3, arbitrary: flipBit },
  { weight: 3, arbitrary: setByte },
  { weight: 1, arbitrary: truncate },
  { weight: 1, arbitrary: remove },
  { weight: 1, arbitrary: insert },
  { weight: 1, arbitrary: repeat },
  { weight: 3, arbitrary: overwrite },
  { weight: 2, arbitrary: varint },
  { weight: 2, arbitrary: splice },
  { weight: 2, arbitrary: numberInText },
);

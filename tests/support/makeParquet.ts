/** Parquet files for tests, written byte by byte, so that they can lie. Layout: Apache Parquet, parquet.thrift. */

/** A value in Thrift's compact protocol: what it is called there, and its bytes. */
interface Thrift {
  type: number;
  bytes: Buffer;
}

function varint(value: bigint): Buffer {
  const digits: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) digits.push(Number(rest & 127n) | 128);
  return Buffer.from([...digits, Number(rest)]);
}

const zigzag = (value: number): Buffer => varint((BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
const i32 = (value: number): Thrift => ({ type: 5, bytes: zigzag(value) });
const i64 = (value: number): Thrift => ({ type: 6, bytes: zigzag(value) });
const text = (value: string): Thrift => {
  return { type: 8, bytes: Buffer.concat([varint(BigInt(Buffer.byteLength(value))), Buffer.from(value)]) };
};
const list = (items: Thrift[]): Thrift => {
  const head = Buffer.concat([Buffer.from([0xf0 | items[0].type]), varint(BigInt(items.length))]);
  return { type: 9, bytes: Buffer.concat([head, ...items.map(({ bytes }) => bytes)]) };
};
const struct = (fields: Record<number, Thrift | undefined>): Thrift => {
  let last = 0;
  const parts: Buffer[] = [];
  for (const [id, value] of Object.entries(fields)) {
    if (!value) continue;
    parts.push(Buffer.from([((Number(id) - last) << 4) | value.type]), value.bytes);
    last = Number(id);
  }
  return { type: 12, bytes: Buffer.concat([...parts, Buffer.from([0])]) };
};

/** A file of one column of texts, "text", without missing values, in one page of the second layout. */
export interface ParquetPage {
  /** 0: plain; 8: numbers of a dictionary. */
  encoding: number;
  content: Buffer;
  /** What the page and the file claim. */
  rows: number;
  /** 0: none, 6: Zstandard. */
  codec?: number;
  unpacked?: number;
  /** Of the schema's root. */
  children?: number;
}

export function makeParquet({ encoding, content, rows, codec = 0, unpacked, children = 1 }: ParquetPage): Buffer {
  const size = unpacked ?? content.length;
  const data = struct({ 1: i32(rows), 2: i32(0), 3: i32(rows), 4: i32(encoding), 5: i32(0), 6: i32(0) });
  const header = struct({ 1: i32(3), 2: i32(size), 3: i32(content.length), 8: data }).bytes;
  const stored = header.length + content.length;
  const column = struct({
    1: i32(6),
    2: list([i32(encoding)]),
    3: list([text("text")]),
    4: i32(codec),
    5: i64(rows),
    6: i64(header.length + size),
    7: i64(stored),
    9: i64(4),
  });
  const footer = struct({
    1: i32(1),
    2: list([
      struct({ 4: text("schema"), 5: i32(children) }),
      struct({ 1: i32(6), 3: i32(0), 4: text("text"), 6: i32(0) }),
    ]),
    3: i64(rows),
    4: list([struct({ 1: list([struct({ 2: i64(4), 3: column })]), 2: i64(stored), 3: i64(rows) })]),
  }).bytes;
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return Buffer.concat([Buffer.from("PAR1"), header, content, footer, length, Buffer.from("PAR1")]);
}

/** Texts in the plain encoding. */
export const plainTexts = (...texts: string[]): Buffer =>
  Buffer.concat(
    texts.flatMap((value) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(value));
      return [length, Buffer.from(value)];
    }),
  );

/** Numbers of a dictionary in the hybrid encoding: how many bits each has, and the header of the first run. */
export const hybrid = (bits: number, header: number, ...rest: number[]): Buffer =>
  Buffer.concat([Buffer.from([bits]), varint(BigInt(header)), Buffer.from(rest)]);

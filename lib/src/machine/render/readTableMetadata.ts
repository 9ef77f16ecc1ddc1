import { PROVENANCE_KEY } from "./exportMetadata";

/**
 * The provenance among the key-value metadata at the end of a Parquet file, without reading anything else; undefined if there is none.
 * Source: parquet.thrift, KeyValue, in Thrift's compact protocol: a text is the byte 0x18, its length, its bytes.
 */
export function fromParquet(bytes: Buffer): string | undefined {
  if (bytes.length < 12 || bytes.toString("latin1", bytes.length - 4) !== "PAR1") return undefined;
  const end = bytes.length - 8;
  const footer = bytes.subarray(Math.max(0, end - bytes.readUInt32LE(end)), end);
  const head = Buffer.from(`\x18${String.fromCharCode(PROVENANCE_KEY.length)}${PROVENANCE_KEY}\x18`, "latin1");
  const found = footer.lastIndexOf(head);
  if (found < 0) return undefined;
  let [at, length] = [found + head.length, 0];
  for (let shift = 0, more = true; more && shift < 35; shift += 7, at++) {
    length += (footer[at] & 0x7f) * 2 ** shift;
    more = footer[at] > 0x7f;
  }
  return at + length <= footer.length ? footer.toString("utf8", at, at + length) : undefined;
}

/**
 * The same of the schema's metadata in an Arrow file.
 * Source: Apache Arrow, File.fbs and Schema.fbs, as FlatBuffers lays them out: whatever points out of the footer is an error there.
 */
export function fromArrow(bytes: Buffer): string | undefined {
  try {
    if (bytes.toString("latin1", bytes.length - 6) !== "ARROW1") return undefined;
    const end = bytes.length - 10;
    const footer = bytes.subarray(end - bytes.readUInt32LE(end), end);
    const follow = (place: number): number => place + footer.readUInt32LE(place);
    const field = (table: number, number: number): number => {
      const fields = table - footer.readInt32LE(table);
      const known = 4 + 2 * number < footer.readUInt16LE(fields);
      return known ? table + footer.readUInt16LE(fields + 4 + 2 * number) : Number.NaN;
    };
    const textAt = (place: number): Buffer => footer.subarray(place + 4, place + 4 + footer.readUInt32LE(place));
    const schema = follow(field(follow(0), 1));
    const metadata = follow(field(schema, 2));
    for (let i = 1; i <= footer.readUInt32LE(metadata); i++) {
      const entry = follow(metadata + 4 * i);
      const key = textAt(follow(field(entry, 0)));
      if (key.equals(Buffer.from(PROVENANCE_KEY))) return textAt(follow(field(entry, 1))).toString("utf8");
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return undefined;
}

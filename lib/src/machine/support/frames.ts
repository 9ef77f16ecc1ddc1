import { deserialize, serialize } from "node:v8";

/** Bytes that say how long a frame is. */
const HEADER = 4;

/** A value with its length in bytes before it: how two of our own processes on one machine talk to each other. */
export function frameOf(value: unknown): Buffer {
  const content = serialize(value);
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(content.length);
  return Buffer.concat([header, content]);
}

/** Puts frames together from the pieces in which they come. */
export class FrameReader {
  private pieces: Buffer[] = [];
  private length = 0;

  /** The values that are complete with this piece. */
  take(piece: Buffer): unknown[] {
    this.pieces.push(piece);
    this.length += piece.length;
    const values: unknown[] = [];
    for (;;) {
      if (this.length < HEADER) break;
      if (this.pieces[0].length < HEADER) this.pieces = [Buffer.concat(this.pieces)];
      const end = HEADER + this.pieces[0].readUInt32LE(0);
      if (this.length < end) break;
      const bytes = Buffer.concat(this.pieces);
      values.push(deserialize(bytes.subarray(HEADER, end)));
      this.pieces = [bytes.subarray(end)];
      this.length = bytes.length - end;
    }
    return values;
  }
}

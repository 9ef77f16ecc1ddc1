import { isUtf8 } from "node:buffer";
import { readSync } from "node:fs";

/** A header is read in pieces of so many bytes. */
const PIECE = 2 ** 20;

/** What a string with bytes that are no UTF-8 is decoded to has this in it. */
const REPLACEMENT = "\ufffd";

/**
 * Reads little-endian numbers and strings of a file one after the other. Nothing beyond `limit` is read or allocated for.
 * All that goes wrong is an `Error` that says what; the caller says where.
 */
export class ByteCursor {
  /** A part of the file, beginning at byte `start` of it. */
  private bytes = Buffer.alloc(0);
  private start = 0;
  /** Of the next byte to be read, in `bytes`, and of the first one of what was read last. */
  private at = 0;
  private from = 0;

  constructor(
    private readonly file: number,
    /** Bytes of the file that may be read. */
    readonly limit: number,
  ) {}

  /** Of the next byte to be read, in the file. */
  get position(): number {
    return this.start + this.at;
  }

  get remaining(): number {
    return this.limit - this.position;
  }

  uint8(): number {
    return this.take(1).readUInt8(this.from);
  }

  int8(): number {
    return this.take(1).readInt8(this.from);
  }

  uint16(): number {
    return this.take(2).readUInt16LE(this.from);
  }

  int16(): number {
    return this.take(2).readInt16LE(this.from);
  }

  uint32(): number {
    return this.take(4).readUInt32LE(this.from);
  }

  int32(): number {
    return this.take(4).readInt32LE(this.from);
  }

  uint64(): bigint {
    return this.take(8).readBigUInt64LE(this.from);
  }

  int64(): bigint {
    return this.take(8).readBigInt64LE(this.from);
  }

  float32(): number {
    return this.take(4).readFloatLE(this.from);
  }

  float64(): number {
    return this.take(8).readDoubleLE(this.from);
  }

  /** The number of things that follow, each of at least `bytes` bytes. */
  count(bytes: number): number {
    // A number of 64 bits is rounded beyond 2^53, where it is refused anyway.
    const claimed = this.uint32() + this.uint32() * 2 ** 32;
    if (claimed * bytes > this.remaining)
      throw new Error(`it claims ${claimed} of them, for which the file is too short`);
    return claimed;
  }

  /** The length of a string and then its bytes, which must be UTF-8. */
  string(): string {
    const length = this.count(1);
    const text = this.take(length).toString("utf8", this.from, this.at);
    if (text.includes(REPLACEMENT) && !isUtf8(this.bytes.subarray(this.from, this.at))) {
      throw new Error("it holds a text that is not UTF-8");
    }
    return text;
  }

  /** The next bytes, for numbers that are stored one after the other. */
  copy(length: number): ArrayBuffer {
    const copied = new Uint8Array(length);
    copied.set(this.take(length).subarray(this.from, this.at));
    return copied.buffer;
  }

  /** Goes past the next bytes, and makes sure that they are there. @returns what they are in, from `from` to `at` */
  private take(length: number): Buffer {
    if (this.at + length > this.bytes.length) this.refill(length);
    this.from = this.at;
    this.at += length;
    return this.bytes;
  }

  private refill(length: number): void {
    const { position } = this;
    const wanted = Math.min(Math.max(length, PIECE), this.limit - position);
    if (wanted < length) throw new Error("the file is too short, or its header is longer than any is");
    const bytes = Buffer.alloc(wanted);
    for (let filled = 0; filled < wanted; ) {
      const count = readSync(this.file, bytes, filled, wanted - filled, position + filled);
      if (count === 0) throw new Error("the file ends early");
      filled += count;
    }
    [this.bytes, this.start, this.at] = [bytes, position, 0];
  }
}

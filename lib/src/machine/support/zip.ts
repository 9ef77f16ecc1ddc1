import { closeSync, createReadStream, createWriteStream, readSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, crc32, createInflateRaw, inflateRawSync } from "node:zlib";
import { messageOf, UserError } from "./errors";
import { openToRead } from "./files";

/** One file inside a zip archive. */
export interface ZipEntry {
  name: string;
  /** Bytes once unpacked. */
  size: number;
  /** Bytes inside the archive. */
  compressedSize: number;
  /** 0: stored as it is, 8: deflated. */
  method: number;
  crc32: number;
  /** Where the entry's local header starts, in bytes from the start of the archive. */
  headerOffset: number;
}

const END_RECORD = 0x06054b50;
const END_RECORD_64 = 0x06064b50;
const END_LOCATOR_64 = 0x07064b50;
const DIRECTORY_RECORD = 0x02014b50;
const LOCAL_RECORD = 0x04034b50;
/** The archive's directory is held in memory; a larger one than this is no archive that is read here. */
const LARGEST_DIRECTORY = 256 * 2 ** 20;
/** Deflate cannot shrink data more than about 1,032 times, so a larger promise is a lie. */
const LARGEST_RATIO = 1100;
/** Packed bytes from which the beginning of a member is read. */
const LARGEST_HEAD = 2 ** 15;

/**
 * Reads single members of a zip archive of any size from disk: only the directory at its end is held in memory. Knows
 * zip64, stored and deflated members; no encryption, no archives in several parts.
 * Source of the layout: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.
 */
export class ZipArchive {
  /** Every file in the archive by name (folders are left out), in the archive's order. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
  private readonly file: number;
  private readonly length: number;

  /** @throws UserError if the file cannot be read, is no zip archive, or its directory contradicts itself */
  constructor(readonly path: string) {
    ({ file: this.file, size: this.length } = openToRead(path));
    try {
      this.entries = this.readDirectory();
    } catch (error) {
      closeSync(this.file);
      throw error instanceof UserError ? error : new UserError(`${path}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** The entry of that name. @throws UserError if there is none */
  entry(name: string): ZipEntry {
    return this.entries.get(name) ?? this.refuse(`has no member ${name}`);
  }

  /**
   * Where the bytes of a member start in the archive, in bytes from its start; a stored member can be read from there
   * directly.
   * @throws UserError if the member's own header is damaged or its data runs past the end of the file
   */
  dataOffset(entry: ZipEntry): number {
    const header = this.bytes(entry.headerOffset, 30);
    if (header.readUInt32LE(0) !== LOCAL_RECORD) this.refuse(`the header of ${entry.name} is damaged`);
    const start = entry.headerOffset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
    if (start + entry.compressedSize > this.length) this.refuse(`${entry.name} runs past the end of the file`);
    return start;
  }

  /**
   * A whole member as bytes, checked against its size and checksum.
   * @param limit the largest size accepted, in bytes
   * @throws UserError if it is larger than the limit, damaged, or not what the directory says
   */
  read(name: string, limit: number = 64 * 2 ** 20): Buffer {
    const entry = this.entry(name);
    if (entry.size > limit) this.refuse(`${name} is ${entry.size} bytes, more than the ${limit} expected at most`);
    const packed = this.bytes(this.dataOffset(entry), entry.compressedSize);
    let content = packed;
    if (this.isDeflated(entry)) {
      try {
        content = inflateRawSync(packed, { maxOutputLength: Math.max(entry.size, 1) });
      } catch (error) {
        this.refuse(`${name} is damaged (${messageOf(error)})`);
      }
    }
    this.compare(entry, content.length, crc32(content));
    return content;
  }

  /**
   * The first bytes of a member, unchecked, at most `count`.
   * @throws UserError if it is damaged
   */
  head(name: string, count: number): Buffer {
    const entry = this.entry(name);
    const packed = this.bytes(this.dataOffset(entry), Math.min(entry.compressedSize, LARGEST_HEAD));
    if (!this.isDeflated(entry)) return packed.subarray(0, count);
    try {
      return inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, count);
    } catch (error) {
      return this.refuse(`${name} is damaged (${messageOf(error)})`);
    }
  }

  /**
   * Unpacks one member to a file that must not exist yet, without holding it in memory, checked against its size and
   * checksum. Nothing is left behind if that fails.
   *
   * @param append put it behind what is in the file already, all of which goes if that fails
   * @param onBytes is told every piece that was unpacked, for a progress bar or a hash
   * @throws UserError as {@link read}; the system's own error if the file cannot be written
   */
  async extract(name: string, target: string, onBytes?: (piece: Uint8Array) => void, append = false): Promise<void> {
    const entry = this.entry(name);
    const start = this.dataOffset(entry);
    let size = 0;
    let sum = 0;
    const check = new Transform({
      transform: (piece: Buffer, _encoding, done) => {
        size += piece.length;
        sum = crc32(piece, sum);
        onBytes?.(piece);
        // Stopped at the first byte too many, so that a lying archive cannot fill the disk.
        done(size > entry.size ? new Error(`${name} is larger than the archive's directory says`) : null, piece);
      },
    });
    const output = createWriteStream(target, { flags: append ? "a" : "wx" });
    try {
      if (entry.compressedSize === 0) {
        await pipeline([], check, output);
      } else {
        const input = createReadStream(this.path, {
          start,
          end: start + entry.compressedSize - 1,
          highWaterMark: 2 ** 20,
        });
        if (this.isDeflated(entry)) await pipeline(input, createInflateRaw({ chunkSize: 2 ** 20 }), check, output);
        else await pipeline(input, check, output);
      }
      this.compare(entry, size, sum);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "";
      if (code !== "EEXIST") await rm(target, { force: true });
      if (error instanceof UserError || /^E[A-Z]+$/.test(code)) throw error;
      this.refuse(`${name} is damaged (${messageOf(error)})`);
    }
  }

  close(): void {
    closeSync(this.file);
  }

  private readDirectory(): Map<string, ZipEntry> {
    const { count, size, offset } = this.findDirectory();
    if (size > LARGEST_DIRECTORY || offset + size > this.length) this.refuse("the zip directory is damaged");
    const directory = this.bytes(offset, size);
    const entries = new Map<string, ZipEntry>();
    let at = 0;
    for (let index = 0; index < count; index++) {
      if (at + 46 > size || directory.readUInt32LE(at) !== DIRECTORY_RECORD)
        this.refuse("the zip directory is damaged");
      const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
      const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
      const end = extraEnd + directory.readUInt16LE(at + 32);
      if (end > size) this.refuse("the zip directory is cut short");
      const name = directory.toString("utf8", at + 46, nameEnd);
      const entry: ZipEntry = {
        name,
        size: directory.readUInt32LE(at + 24),
        compressedSize: directory.readUInt32LE(at + 20),
        method: directory.readUInt16LE(at + 10),
        crc32: directory.readUInt32LE(at + 16),
        headerOffset: directory.readUInt32LE(at + 42),
      };
      widen(entry, directory.subarray(nameEnd, extraEnd));
      if (directory.readUInt16LE(at + 8) & 1) this.refuse(`${name} is encrypted`);
      if (entries.has(name)) this.refuse(`has two members called ${name}`);
      if (entry.size > entry.compressedSize * LARGEST_RATIO + 64) this.refuse(`${name} claims an impossible size`);
      if (entry.method === 0 && entry.size !== entry.compressedSize) this.refuse(`${name} has contradicting sizes`);
      if (!name.endsWith("/")) entries.set(name, entry);
      at = end;
    }
    return entries;
  }

  private findDirectory(): { count: number; size: number; offset: number } {
    // The end record is the last thing in the file but for a comment of at most 65,535 bytes.
    const tailStart = Math.max(0, this.length - 22 - 0xffff);
    const tail = this.bytes(tailStart, this.length - tailStart);
    let at = tail.length - 22;
    while (at >= 0 && !(tail.readUInt32LE(at) === END_RECORD && at + 22 + tail.readUInt16LE(at + 20) === tail.length))
      at--;
    if (at < 0) this.refuse("not a zip archive, or cut short");
    const short = {
      count: tail.readUInt16LE(at + 10),
      size: tail.readUInt32LE(at + 12),
      offset: tail.readUInt32LE(at + 16),
    };
    if (at < 20 || tail.readUInt32LE(at - 20) !== END_LOCATOR_64) return short;
    const record = this.bytes(Number(tail.readBigUInt64LE(at - 12)), 56);
    if (record.readUInt32LE(0) !== END_RECORD_64) this.refuse("the zip64 directory is damaged");
    return {
      count: Number(record.readBigUInt64LE(32)),
      size: Number(record.readBigUInt64LE(40)),
      offset: Number(record.readBigUInt64LE(48)),
    };
  }

  private isDeflated(entry: ZipEntry): boolean {
    if (entry.method !== 0 && entry.method !== 8)
      this.refuse(`${entry.name} is packed by method ${entry.method}, not deflate`);
    return entry.method === 8;
  }

  private compare(entry: ZipEntry, size: number, sum: number): void {
    if (size !== entry.size) this.refuse(`${entry.name} unpacks to ${size} bytes, its directory says ${entry.size}`);
    if (sum !== entry.crc32) this.refuse(`${entry.name} is damaged (its checksum is wrong)`);
  }

  private bytes(offset: number, length: number): Buffer {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.length)) this.refuse("cut short or damaged");
    const buffer = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      const read = readSync(this.file, buffer, done, Math.min(length - done, 2 ** 30), offset + done);
      if (read === 0) this.refuse("cut short while it was read");
      done += read;
    }
    return buffer;
  }

  private refuse(why: string): never {
    throw new UserError(`${this.path}: ${why}`);
  }
}

/** Takes the 64-bit numbers of a zip64 extra field where the 32-bit ones are saturated (APPNOTE 4.5.3). */
function widen(entry: ZipEntry, extra: Buffer): void {
  let at = 0;
  while (at + 4 <= extra.length) {
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1) {
      let next = at + 4;
      for (const field of ["size", "compressedSize", "headerOffset"] as const) {
        if (entry[field] !== 0xffffffff || next + 8 > Math.min(end, extra.length)) continue;
        entry[field] = Number(extra.readBigUInt64LE(next));
        next += 8;
      }
    }
    at = end;
  }
}

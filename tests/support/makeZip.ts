import { crc32, deflateRawSync } from "node:zlib";

/** A member of an archive for tests. */
export interface Member {
  name: string;
  content: Buffer;
  stored?: boolean;
  /** What the directory claims, where it lies. */
  claims?: { size?: number; crc32?: number; method?: number; compressedSize?: number };
}

/** A zip archive written byte by byte, so that it can lie; `zip64` puts every number into the 64-bit fields. */
export function makeZip(members: Member[], { zip64 = false, comment = "" } = {}): Buffer {
  const pieces: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, stored, claims } of members) {
    const data = stored ? content : deflateRawSync(content);
    const method = claims?.method ?? (stored ? 0 : 8);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(5, 28); // An extra field of another length than the directory's, as PyTorch writes to align data.
    const size = claims?.size ?? content.length;
    const compressedSize = claims?.compressedSize ?? data.length;
    const extra = Buffer.alloc(zip64 ? 28 : 0);
    if (zip64) {
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(24, 2);
      extra.writeBigUInt64LE(BigInt(size), 4);
      extra.writeBigUInt64LE(BigInt(compressedSize), 12);
      extra.writeBigUInt64LE(BigInt(offset), 20);
    }
    const record = Buffer.alloc(46);
    record.writeUInt32LE(0x02014b50, 0);
    record.writeUInt16LE(method, 10);
    record.writeUInt32LE(claims?.crc32 ?? crc32(content), 16);
    record.writeUInt32LE(zip64 ? 0xffffffff : compressedSize, 20);
    record.writeUInt32LE(zip64 ? 0xffffffff : size, 24);
    record.writeUInt16LE(name.length, 28);
    record.writeUInt16LE(extra.length, 30);
    record.writeUInt32LE(zip64 ? 0xffffffff : offset, 42);
    directory.push(record, Buffer.from(name), extra);
    pieces.push(local, Buffer.from(name), Buffer.from("extra"), data);
    offset += 30 + name.length + 5 + data.length;
  }
  const directorySize = directory.reduce((sum, piece) => sum + piece.length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(zip64 ? 0xffff : members.length, 10);
  end.writeUInt32LE(zip64 ? 0xffffffff : directorySize, 12);
  end.writeUInt32LE(zip64 ? 0xffffffff : offset, 16);
  end.writeUInt16LE(comment.length, 20);
  const wide = Buffer.alloc(zip64 ? 76 : 0);
  if (zip64) {
    wide.writeUInt32LE(0x06064b50, 0);
    wide.writeBigUInt64LE(BigInt(members.length), 32);
    wide.writeBigUInt64LE(BigInt(directorySize), 40);
    wide.writeBigUInt64LE(BigInt(offset), 48);
    wide.writeUInt32LE(0x07064b50, 56);
    wide.writeBigUInt64LE(BigInt(offset + directorySize), 64);
  }
  return Buffer.concat([...pieces, ...directory, wide, end, Buffer.from(comment)]);
}

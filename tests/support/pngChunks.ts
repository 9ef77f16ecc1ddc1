import { crc32 } from "node:zlib";

/** The chunks of a PNG file, their check sums checked. */
export function parsePngChunks(png: Buffer): { type: string; content: Buffer }[] {
  const chunks: { type: string; content: Buffer }[] = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + length);
    if (crc32(body) !== png.readUInt32BE(at + 8 + length)) throw new Error(`chunk at ${at}: wrong check sum`);
    chunks.push({ type: body.toString("latin1", 0, 4), content: body.subarray(4) });
    at += length + 12;
  }
  return chunks;
}

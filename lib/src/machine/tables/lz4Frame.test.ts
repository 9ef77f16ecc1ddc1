import fc from "fast-check";
import { expect, test } from "vitest";
import { unpackLZ4Frame } from "./lz4Frame";

/** Nine bytes as they are, then twelve that copy from six before, in a block of their own, which ends with five as they are. */
const LITERALS = Buffer.from("abcdefghi");
const COPYING = Buffer.from([0x08, 0x06, 0x00, 0x50, ...Buffer.from("vwxyz")]);
const block = (bytes: Buffer, packed: boolean, checksum: Buffer = Buffer.alloc(0)) => {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(packed ? bytes.length : bytes.length + 2 ** 31);
  return Buffer.concat([size, bytes, checksum]);
};
const frame = (flags: number, extra: number, ...blocks: Buffer[]) =>
  Buffer.concat([
    Buffer.from([0x04, 0x22, 0x4d, 0x18, flags, 0x40]),
    Buffer.alloc(extra + 1),
    ...blocks,
    Buffer.alloc(4),
  ]);
const TEXT = "abcdefghidefghidefghivwxyz";

test.each([
  ["blocks alone", frame(0x40, 0, block(LITERALS, false), block(COPYING, true))],
  ["with the size of the content", frame(0x48, 8, block(LITERALS, false), block(COPYING, true))],
  [
    "with a checksum behind each block",
    frame(0x50, 0, block(LITERALS, false, Buffer.alloc(4)), block(COPYING, true, Buffer.alloc(4))),
  ],
])("%s", (_, bytes) => {
  expect(Buffer.from(unpackLZ4Frame(bytes, TEXT.length)).toString()).toBe(TEXT);
});

test("damage is an error, and never more bytes than were promised", () => {
  const whole = frame(0x40, 0, block(LITERALS, false), block(COPYING, true));
  expect(() => unpackLZ4Frame(whole, TEXT.length + 1)).toThrow("unpacks to 26 bytes instead of 27");
  expect(() => unpackLZ4Frame(Buffer.from("no frame"), 3)).toThrow("no LZ4 frame");
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(damage, fc.integer({ min: 0, max: whole.length }), (changes, length) => {
      const bytes = Buffer.from(whole);
      for (const [place, value] of changes) bytes[place] = value;
      try {
        expect(unpackLZ4Frame(bytes.subarray(0, length), TEXT.length)).toHaveLength(TEXT.length);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
    { numRuns: 300, seed: 1 },
  );
});

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Member, makeZip } from "../../../../tests/support/makeZip";
import { ZipArchive } from "./zip";

const folder = mkdtempSync(join(tmpdir(), "zip-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
function save(bytes: Buffer): string {
  const path = join(folder, `${count++}.zip`);
  writeFileSync(path, bytes);
  return path;
}

function open(members: Member[], options = {}): ZipArchive {
  return new ZipArchive(save(makeZip(members, options)));
}

const text: Member = { name: "a/text.txt", content: Buffer.from("hidden states ".repeat(1000)) };
const numbers: Member = { name: "a/data", content: Buffer.from([1, 2, 3, 4, 5]), stored: true };

describe("an honest archive", () => {
  for (const options of [{}, { zip64: true }, { comment: "PK\x05\x06 a comment that looks like an end record" }]) {
    it(`is read and unpacked (${JSON.stringify(options)})`, async () => {
      const zip = open(
        [
          text,
          { name: "empty", content: Buffer.alloc(0), stored: true },
          numbers,
          { name: "folder/", content: Buffer.alloc(0) },
        ],
        options,
      );
      expect([...zip.entries.keys()]).toEqual(["a/text.txt", "empty", "a/data"]);
      expect(zip.read("a/text.txt")).toEqual(text.content);
      expect(zip.read("empty")).toHaveLength(0);
      const target = join(folder, `out-${count}`);
      const pieces: number[] = [];
      await zip.extract("a/text.txt", target, (piece) => pieces.push(piece.length));
      expect(readFileSync(target)).toEqual(text.content);
      expect(pieces.reduce((a, b) => a + b)).toBe(text.content.length);
      const start = zip.dataOffset(zip.entry("a/data"));
      expect([...readFileSync(zip.path).subarray(start, start + 5)]).toEqual([1, 2, 3, 4, 5]);
      zip.close();
    });
  }

  it("does not write over a file that is there", async () => {
    const target = join(folder, "precious");
    writeFileSync(target, "mine");
    await expect(open([text]).extract("a/text.txt", target)).rejects.toThrow(/EEXIST/);
    expect(readFileSync(target, "utf8")).toBe("mine");
  });
});

describe("a member behind another", () => {
  it("makes one file of several", async () => {
    const zip = open([text, numbers]);
    const target = join(folder, "joined");
    for (const name of ["a/text.txt", "a/data"]) await zip.extract(name, target, undefined, true);
    expect(readFileSync(target)).toEqual(Buffer.concat([text.content, numbers.content]));
    zip.close();
  });

  it("takes all of it away if it is damaged", async () => {
    const zip = open([text, { ...numbers, claims: { crc32: 1 } }]);
    const target = join(folder, "half-joined");
    await zip.extract("a/text.txt", target, undefined, true);
    await expect(zip.extract("a/data", target, undefined, true)).rejects.toThrow(/damaged/);
    expect(existsSync(target)).toBe(false);
    zip.close();
  });
});

describe("a hostile or broken archive", () => {
  const bad: [string, () => unknown, RegExp][] = [
    ["no zip", () => new ZipArchive(save(Buffer.from("not a zip archive, only words"))), /not a zip archive/],
    ["an empty file", () => new ZipArchive(save(Buffer.alloc(0))), /not a zip archive/],
    ["a missing file", () => new ZipArchive(join(folder, "nowhere.zip")), /no such file/],
    ["cut off at the end", () => new ZipArchive(save(makeZip([text]).subarray(0, -30))), /not a zip archive/],
    ["cut off at the start", () => new ZipArchive(save(makeZip([text]).subarray(10))).read(text.name), /damaged/],
    ["a member that is not there", () => open([text]).entry("b"), /has no member b/],
    ["a wrong checksum", () => open([{ ...text, claims: { crc32: 1 } }]).read(text.name), /checksum/],
    ["more data than claimed", () => open([{ ...text, claims: { size: 100 } }]).read(text.name), /damaged/],
    ["less data than claimed", () => open([{ ...text, claims: { size: 20_000 } }]).read(text.name), /unpacks to 14000/],
    ["an impossible ratio", () => open([{ ...text, claims: { size: 2 ** 31 } }]), /impossible size/],
    ["contradicting sizes", () => open([{ ...numbers, claims: { size: 4 } }]), /contradicting sizes/],
    [
      "data past the end",
      () => open([{ ...text, claims: { compressedSize: 10 ** 6 } }]).read(text.name),
      /past the end/,
    ],
    ["an unknown method", () => open([{ ...text, claims: { method: 12 } }]).read(text.name), /method 12/],
    ["two members of one name", () => open([text, text]), /two members/],
    ["a member above the limit", () => open([text]).read(text.name, 1000), /more than the 1000/],
  ];
  for (const [what, act, message] of bad) it(`is refused: ${what}`, () => expect(act).toThrow(message));

  it("cannot fill the disk: unpacking stops at the size that was claimed, and leaves nothing", async () => {
    const bomb = { name: "bomb", content: Buffer.alloc(50 * 2 ** 20), claims: { size: 10 ** 6 } };
    const target = join(folder, "bomb");
    let written = 0;
    const zip = open([bomb]);
    await expect(zip.extract("bomb", target, (piece) => (written += piece.length))).rejects.toThrow(/larger than/);
    expect(written).toBeLessThan(4 * 2 ** 20);
    expect(existsSync(target)).toBe(false);
  });

  it("leaves nothing behind when a member turns out damaged", async () => {
    const target = join(folder, "damaged");
    await expect(open([{ ...text, claims: { crc32: 1 } }]).extract(text.name, target)).rejects.toThrow(/checksum/);
    expect(existsSync(target)).toBe(false);
  });

  it("reads any truncation or flipped byte as an error or as the right content, never as other content", () => {
    const whole = makeZip([text, numbers]);
    for (let at = 0; at < whole.length; at += 3) {
      const damaged = Buffer.from(whole);
      damaged[at] ^= 0x41;
      try {
        const zip = new ZipArchive(save(damaged));
        for (const name of zip.entries.keys()) {
          const original = [text, numbers].find((member) => member.name === name);
          const content = zip.read(name);
          if (original) expect(content).toEqual(original.content);
          else expect([text.content, numbers.content]).toContainEqual(content);
        }
        zip.close();
      } catch (error) {
        expect((error as Error).name).toBe("UserError");
      }
    }
  });
});

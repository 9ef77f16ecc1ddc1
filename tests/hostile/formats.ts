/** How files are taken apart, so that damage can be done to a part, and put together again so that the rest is still right. */

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { canonicalJson } from "../../lib/src/machine/experiment/unit";
import { readGgufHeader } from "../../lib/src/machine/gguf/header";
import { makeZip } from "../support/makeZip";
import { safetensors } from "../support/tinyModel";

/** A part of a file; JSON is damaged in other ways than bytes. */
export interface Part {
  name: string;
  content: Buffer;
  json?: boolean;
}

export interface Format {
  split(file: Buffer): Part[];
  join(parts: readonly Part[]): Buffer;
}

export const bytes: Format = {
  split: (file) => [{ name: "bytes", content: file }],
  join: ([{ content }]) => content,
};

export const json: Format = {
  split: (file) => [{ name: "json", content: file, json: true }],
  join: ([{ content }]) => content,
};

/** A header of JSON behind its length, then data. */
export const safetensorsFile: Format = {
  split(file) {
    const length = Number(file.readBigUInt64LE());
    return [
      { name: "header", content: file.subarray(8, 8 + length), json: true },
      { name: "data", content: file.subarray(8 + length) },
    ];
  },
  join: ([header, data]) => safetensors(header.content.toString("latin1"), data.content),
};

/** A header, then aligned data: the header may grow or shrink, and the data is still where it has to be. */
export const ggufFile: Format = {
  split(file) {
    const { tensors } = ggufHeaderOf(file);
    return [
      { name: "header", content: file.subarray(0, tensors) },
      { name: "data", content: file.subarray(tensors) },
    ];
  },
  join: ([header, data]) =>
    Buffer.concat([header.content, Buffer.alloc((32 - (header.content.length % 32)) % 32), data.content]),
};

/** Where a header ends (before it was filled up, if it was), for files as gguf for Python writes them. */
function ggufHeaderOf(file: Buffer): { tensors: number } {
  const path = join(mkdtempSync(join(tmpdir(), "token-geometry-gguf-")), "some.gguf");
  try {
    writeFileSync(path, file);
    const begins = [...readGgufHeader(path).tensors.values()].map(({ begin }) => begin);
    return { tensors: Math.min(...begins) };
  } finally {
    rmSync(dirname(path), { recursive: true });
  }
}

/** Members of an archive that stores them as they are; their checksums are right again afterwards. */
export const zipFile: Format = {
  split(file) {
    const parts: Part[] = [];
    let at = file.length - 22;
    const count = file.readUInt16LE(at + 10);
    at = file.readUInt32LE(at + 16);
    for (let index = 0; index < count; index++) {
      const size = file.readUInt32LE(at + 24);
      const [nameLength, extraLength] = [file.readUInt16LE(at + 28), file.readUInt16LE(at + 30)];
      const header = file.readUInt32LE(at + 42);
      const start = header + 30 + file.readUInt16LE(header + 26) + file.readUInt16LE(header + 28);
      parts.push({
        name: file.toString("utf8", at + 46, at + 46 + nameLength),
        content: file.subarray(start, start + size),
      });
      at += 46 + nameLength + extraLength + file.readUInt16LE(at + 32);
    }
    return parts;
  },
  join: (parts) => makeZip(parts.map(({ name, content }) => ({ name, content, stored: true }))),
};

/** Pages, then a footer in front of its length. */
export const parquetFile: Format = {
  split(file) {
    const length = file.readUInt32LE(file.length - 8);
    const start = file.length - 8 - length;
    return [
      { name: "pages", content: file.subarray(0, start) },
      { name: "footer", content: file.subarray(start, file.length - 8) },
    ];
  },
  join([pages, footer]) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.content.length);
    return Buffer.concat([pages.content, footer.content, length, Buffer.from("PAR1")]);
  },
};

/** A dictionary in text behind its length, then values. */
export const npyFile: Format = {
  split(file) {
    const length = file.readUInt16LE(8);
    return [
      { name: "header", content: file.subarray(10, 10 + length) },
      { name: "values", content: file.subarray(10 + length) },
    ];
  },
  join([header, values]) {
    const start = Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, 0, 0]);
    start.writeUInt16LE(header.content.length & 0xffff, 8);
    return Buffer.concat([start, header.content, values.content]);
  },
};

/** A unit of the store whose seal is right again after the damage: somebody who knows how made it. */
export const sealedUnit: Format = {
  split: json.split,
  join([{ content }]) {
    try {
      const { checksum: _, ...unit } = JSON.parse(content.toString());
      const checksum = createHash("sha256").update(canonicalJson(unit)).digest("hex");
      return Buffer.from(JSON.stringify({ ...unit, checksum }));
    } catch {
      return content;
    }
  },
};

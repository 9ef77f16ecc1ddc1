import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { MODEL_FIXTURES, safetensors } from "../../../../tests/support/tinyModel";
import { UserError } from "../support/errors";
import { CheckpointConfig } from "./config";
import { readSafetensorsHeader } from "./safetensors";
import { readValues } from "./storedTensor";

function saved(content: Uint8Array): string {
  const path = join(temporaryFolder(), "model.safetensors");
  writeFileSync(path, content);
  return path;
}

/** The values of a single tensor of 16-bit numbers given by their bits. */
function halves(dtype: string, bits: number[]): Float32Array {
  const data = Buffer.from(Uint16Array.from(bits).buffer);
  const header = { half: { dtype, shape: [bits.length], data_offsets: [0, data.length] } };
  return readValues(readSafetensorsHeader(saved(safetensors(header, data))).get("half")!);
}

describe("values", () => {
  test("F32, in any order of the header, past metadata", () => {
    const data = Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
    const header = {
      __metadata__: { format: "pt" },
      second: { dtype: "F32", shape: [2, 2], data_offsets: [8, 24] },
      first: { dtype: "F32", shape: [2], data_offsets: [0, 8] },
    };
    const tensors = readSafetensorsHeader(saved(safetensors(header, data)));
    expect([...tensors.keys()]).toEqual(["second", "first"]);
    expect(tensors.get("second")!.shape).toEqual([2, 2]);
    expect(readValues(tensors.get("second")!)).toEqual(Float32Array.of(3, 4, 5, 6));
    expect(readValues(tensors.get("first")!)).toEqual(Float32Array.of(1, 2));
  });

  test("BF16: the upper half of a float32, every finite one", () => {
    const bits = Array.from({ length: 65536 }, (_, value) => value).filter((value) => (value & 0x7f80) !== 0x7f80);
    const expected = new Float32Array(Uint32Array.from(bits, (value) => value << 16).buffer);
    expect(halves("BF16", bits)).toEqual(expected);
    expect([...halves("BF16", [0x3f80, 0xc000, 0x4049])]).toEqual([1, -2, 3.140625]);
  });

  test("F16: values of IEEE 754, and every step between neighbors", () => {
    const known: [bits: number, value: number][] = [
      [0x0000, 0],
      [0x8000, -0],
      [0x0001, 2 ** -24],
      [0x03ff, 1023 * 2 ** -24],
      [0x0400, 2 ** -14],
      [0x3555, 0.333251953125],
      [0x3c00, 1],
      [0x3c01, 1 + 2 ** -10],
      [0xc000, -2],
      [0x7bff, 65504],
    ];
    expect([
      ...halves(
        "F16",
        known.map(([bits]) => bits),
      ),
    ]).toEqual(known.map(([, value]) => value));
    const positive = halves(
      "F16",
      Array.from({ length: 0x7c00 }, (_, bits) => bits),
    );
    for (let bits = 1; bits < 0x7c00; bits++) {
      const step = 2 ** (Math.max(bits - 1, 0x400) >> 10) * 2 ** -25;
      if (positive[bits] - positive[bits - 1] !== step) throw new Error(`a wrong step before ${bits.toString(16)}`);
    }
  });

  test.each([
    ["F16", 0x7c00, "Infinity"],
    ["F16", 0xfc00, "-Infinity"],
    ["F16", 0x7e00, "NaN"],
    ["BF16", 0x7f80, "Infinity"],
    ["BF16", 0x7fc0, "NaN"],
  ])("%s %i is refused as %s", (dtype, bits, value) => {
    expect(() => halves(dtype, [0, bits])).toThrow(`tensor "half" holds ${value} (at value 1 of those read)`);
  });
});

test("masks of integers may be in the file, as long as nobody reads them", () => {
  const header = { mask: { dtype: "BOOL", shape: [4], data_offsets: [0, 4] } };
  const tensor = readSafetensorsHeader(saved(safetensors(header, Buffer.alloc(4)))).get("mask")!;
  expect(() => readValues(tensor)).toThrow('tensor "mask" is of type BOOL, which cannot be read');
});

test("a tensor larger than all memory, in a file with holes, is refused before memory is asked for", () => {
  const header = { huge: { dtype: "F32", shape: [2 ** 38], data_offsets: [0, 2 ** 40] } };
  const start = safetensors(header, Buffer.alloc(0));
  const path = saved(start);
  truncateSync(path, start.length + 2 ** 40);
  const tensor = readSafetensorsHeader(path).get("huge")!;
  expect(() => readValues(tensor)).toThrow('tensor "huge" has 1099511627776 bytes, more than this machine\'s memory');
});

test("random damage is refused by name, or leaves tensors inside the file", () => {
  const whole = readFileSync(join(MODEL_FIXTURES, "llama-f16", "model.safetensors"));
  const headerEnd = 8 + Number(whole.readBigUInt64LE());
  const path = saved(whole);
  const damage = fc.array(fc.tuple(fc.nat(headerEnd - 1), fc.nat(255)), { minLength: 1, maxLength: 3 });
  const lengths = fc.oneof(fc.constant(whole.length), fc.nat(whole.length));
  fc.assert(
    fc.property(damage, lengths, (changes, length) => {
      const bytes = Buffer.from(whole.subarray(0, length));
      for (const [place, value] of changes) if (place < length) bytes[place] = value;
      writeFileSync(path, bytes);
      try {
        for (const tensor of readSafetensorsHeader(path).values()) {
          expect(tensor.end).toBeLessThanOrEqual(length);
          const size = tensor.shape.reduce((product, dimension) => product * dimension, 1);
          try {
            expect(readValues(tensor)).toHaveLength(size);
          } catch (error) {
            expect(error).toBeInstanceOf(UserError);
          }
        }
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        expect((error as Error).message).toContain(path);
      }
    }),
    { numRuns: 200, seed: 2 },
  );
});

describe("CheckpointConfig", () => {
  const config = new CheckpointConfig(
    { width: 8, zero: 0, half: 0.5, name: "gelu", tied: true, nothing: null, rope: { theta: 1e4 }, list: [1] },
    "folder/config.json",
  );

  test("reads fields by kind, with fallbacks and other spellings", () => {
    expect(config.count("n_embd", "width")).toBe(8);
    expect(config.number("half")).toBe(0.5);
    expect(config.number("missing", 3)).toBe(3);
    expect(config.number("nothing", 3)).toBe(3);
    expect(config.flag("tied", false)).toBe(true);
    expect(config.text("missing", "silu")).toBe("silu");
    expect(config.section("rope")!.number("theta")).toBe(1e4);
    expect(config.section("nothing")).toBeUndefined();
    expect([config.has("zero"), config.has("nothing"), config.has("missing")]).toEqual([true, false, false]);
  });

  test.each<[() => unknown, string]>([
    [() => config.count("missing"), "missing is missing; it must be a whole number above 0"],
    [() => config.count("zero"), "zero is 0"],
    [() => config.count("half"), "half is 0.5"],
    [() => config.count("n_embd", "n_width"), "n_embd or n_width is missing"],
    [() => config.number("name"), 'name is "gelu"; it must be a number'],
    [() => config.flag("name", true), "it must be true or false"],
    [() => config.text("width"), "width is 8; it must be a text"],
    [() => config.section("list"), "list is [1]; it must be an object"],
    [() => config.section("rope")!.count("factor"), "folder/config.json, rope: factor is missing"],
    [() => config.unsupported("name"), 'folder/config.json: name = "gelu" is not supported'],
  ])("refuses, naming file and field (%#)", (read, message) => {
    expect(read).toThrow(UserError);
    expect(read).toThrow(message);
  });
});

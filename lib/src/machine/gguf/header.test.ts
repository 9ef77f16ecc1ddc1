import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type GgufToWrite, ggufText, makeGguf, type TensorToWrite } from "../../../../tests/support/makeGguf";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { MODEL_FIXTURES } from "../../../../tests/support/tinyModel";
import { UserError } from "../support/errors";
import { GgufFields } from "./fields";
import { readGgufHeader } from "./header";

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

const FIRST: TensorToWrite = { name: "first", type: 0, shape: [2, 3], data: floats(1, 2, 3, 4, 5, 6) };
const SECOND: TensorToWrite = { name: "second", type: 3, shape: [2, 64], data: new Uint8Array(80) };

const WHOLE: GgufToWrite = {
  metadata: [
    ["general.architecture", ["text", "llama"]],
    ["llama.block_count", ["u32", 30]],
    ["llama.epsilon", ["f32", 0.5]],
    ["llama.flag", ["bool", true]],
    ["large", ["u64", 2n ** 60n]],
    ["small", ["u64", 7n]],
    [
      "tokens",
      [
        ["text", "a"],
        ["text", "Ġé"],
        ["text", "\ufeff"],
        ["text", "\ufffd"],
      ],
    ],
    [
      "scores",
      [
        ["f32", -1],
        ["f32", 0.25],
      ],
    ],
    [
      "flags",
      [
        ["bool", true],
        ["bool", false],
      ],
    ],
  ],
  tensors: [FIRST, SECOND],
};

function saved(bytes: Uint8Array): string {
  const path = join(temporaryFolder(), "some.gguf");
  writeFileSync(path, bytes);
  return path;
}

const read = (changes: Partial<GgufToWrite> = {}) => readGgufHeader(saved(makeGguf({ ...WHOLE, ...changes })));

describe("a whole file", () => {
  test.each([2, 3])("version %i: metadata and tensors", (version) => {
    const { metadata, tensors, ...header } = read({ version });
    expect(header.version).toBe(version);
    expect(metadata.get("large")).toBe(2n ** 60n);
    expect(metadata.get("small")).toBe(7);
    expect(metadata.get("tokens")).toEqual(["a", "Ġé", "\ufeff", "\ufffd"]);
    expect(metadata.get("scores")).toEqual(Float32Array.of(-1, 0.25));
    expect(metadata.get("flags")).toEqual([true, false]);
    const [first, second] = [...tensors.values()];
    expect(first).toMatchObject({ name: "first", type: "F32", shape: [2, 3], file: header.path });
    expect(first.end - first.begin).toBe(24);
    expect(second).toMatchObject({ type: "Q4_1", shape: [2, 64], begin: first.begin + 32 });
    expect(second.begin % 32).toBe(0);
  });

  test("another alignment, no tensors, no metadata", () => {
    const alignment = 8;
    const metadata = [...WHOLE.metadata, ["general.alignment", ["u32", alignment]] as const];
    const [first, second] = [...read({ metadata, alignment }).tensors.values()];
    expect(second.begin).toBe(first.end);
    expect(read({ tensors: [] }).tensors.size).toBe(0);
    expect(read({ metadata: [], tensors: [] }).metadata.size).toBe(0);
  });

  test("metadata of more than a piece, with long texts across its border", () => {
    const texts = Array.from({ length: 300 }, (_, i) => String.fromCodePoint(0x1f600 + i).repeat(2000));
    const tokens = texts.map((text) => ["text", text] as const);
    expect(read({ metadata: [["texts", tokens], ...WHOLE.metadata] }).metadata.get("texts")).toEqual(texts);
  });

  test("files that gguf for Python has written", () => {
    const { metadata, tensors } = readGgufHeader(join(MODEL_FIXTURES, "gguf-gemma3/model.gguf"));
    expect(metadata.get("general.architecture")).toBe("gemma3");
    expect(metadata.get("gemma3.attention.sliding_window")).toBe(4);
    expect(tensors.get("token_embd.weight")!.shape).toEqual([64, 256]);
  });
});

describe("fields", () => {
  test("give values of the type that is asked for", () => {
    const fields = new GgufFields(read());
    expect(fields.text("general.architecture")).toBe("llama");
    expect(fields.count("llama.block_count")).toBe(30);
    expect(fields.number("llama.epsilon")).toBe(0.5);
    expect(fields.flag("llama.flag", false)).toBe(true);
    expect(fields.texts("tokens")).toHaveLength(4);
    expect(fields.numbers("scores")).toHaveLength(2);
    expect([fields.index("small"), fields.index("none"), fields.count("none", 3)]).toEqual([7, undefined, 3]);
  });

  test.each<[(fields: GgufFields) => unknown, string]>([
    [(fields) => fields.text("llama.block_count"), "llama.block_count is 30; it must be a text"],
    [(fields) => fields.count("llama.epsilon"), "llama.epsilon is 0.5; it must be a whole number above 0"],
    [(fields) => fields.number("none"), "none is missing; it must be a number"],
    [(fields) => fields.number("large"), `large is ${2n ** 60n}; it must be a number`],
    [(fields) => fields.texts("scores"), "scores is an array of 2; it must be an array of texts"],
    [(fields) => fields.texts("flags"), "flags is an array of 2; it must be an array of texts"],
    [(fields) => fields.numbers("tokens"), "tokens is an array of 4; it must be an array of numbers"],
    [(fields) => fields.unsupported("llama.flag"), "llama.flag = true is not supported"],
  ])("say which is not: %#", (ask, message) => {
    const fields = new GgufFields(read());
    expect(() => ask(fields)).toThrow(`${fields.path}: ${message}`);
  });
});

/** A tensor with other settings beside the second one. */
const withFirst = (change: Partial<TensorToWrite>) => ({ tensors: [{ ...FIRST, ...change }, SECOND] });
const array = (type: number, count: bigint, ...rest: Buffer[]) => {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(9);
  head.writeUInt32LE(type, 4);
  head.writeBigUInt64LE(count, 8);
  return Buffer.concat([head, ...rest]);
};
const withValue = (value: Buffer) => ({ metadata: [["key", value] as const] });

describe("is refused", () => {
  test.each<[title: string, changes: Partial<GgufToWrite>, message: string]>([
    ["another kind of file", { magic: "PK\u0003\u0004" }, "is no GGUF file"],
    ["a file from before GGUF", { magic: "tjgg" }, "a format that llama.cpp had before GGUF"],
    ["version 1", { version: 1 }, "version 1 of GGUF; 2 and 3 are supported"],
    ["version 4", { version: 4 }, "version 4 of GGUF"],
    ["big-endian", { version: 3 * 2 ** 24 }, "big-endian"],
    ["more tensors than there is room for", { tensorCount: 2n ** 40n }, "the number of tensors cannot be read"],
    ["more keys than there is room for", { entryCount: 2n ** 63n }, "the number of keys cannot be read"],
    ["one key too few", { entryCount: BigInt(WHOLE.metadata.length - 1) }, "cannot be read"],
    ["one tensor too few", { tensorCount: 1n }, "bytes after its last tensor"],
    ["a key that is there twice", { metadata: [...WHOLE.metadata, WHOLE.metadata[0]] }, "is there twice"],
    ["a tensor that is there twice", { tensors: [FIRST, FIRST] }, 'tensor "first" is there twice'],
    [
      "a value of an unknown type",
      withValue(Buffer.from([99, 0, 0, 0])),
      'key "key" cannot be read: it is of an unknown',
    ],
    ["an array of arrays", withValue(array(9, 1n)), "an array of arrays"],
    ["an array longer than the file", withValue(array(4, 2n ** 30n)), "claims 1073741824 of them"],
    ["texts more than there is room for", withValue(array(8, 2n ** 50n)), "of them, for which the file is too short"],
    ["a text longer than the file", withValue(array(8, 1n, Buffer.alloc(8, 0xff))), "for which the file is too short"],
    ["a text that is no UTF-8", withValue(array(8, 1n, ggufText(Buffer.from([0xc3, 0x28])))), "not UTF-8"],
    ["a truth value of 2", { metadata: [["key", ["bool", 2]]] }, "a truth value of 2"],
    ["a name without end", { metadata: [["k".repeat(2000), ["u8", 1]]] }, "a name has 2000 characters"],
    ["five dimensions", withFirst({ shape: [1, 1, 1, 2, 3] }), 'tensor "first" cannot be read: it claims 5 dimensions'],
    ["no rows", withFirst({ shape: [0, 3] }), "it claims the shape [0,3]"],
    ["values beyond counting", withFirst({ shape: [2 ** 40, 2 ** 40] }), "it claims the shape"],
    ["half a block", { tensors: [FIRST, { ...SECOND, shape: [2, 40] }] }, "no whole blocks of 32 values"],
    ["a type that was withdrawn", withFirst({ type: 31 }), "Q4_0_4_4, which was taken out of the format"],
    ["an unknown type", withFirst({ type: 77 }), "it is of an unknown type (number 77)"],
    ["a tensor that claims its neighbor's bytes", withFirst({ shape: [2, 6] }), "overlap"],
    ["the last one, cut short", { tensors: [FIRST, { ...SECOND, data: new Uint8Array(3) }] }, "it is cut short"],
    ["an offset that is not aligned", withFirst({ offset: 4n }), "no multiple of 32"],
    ["an offset beyond all files", { tensors: [FIRST, { ...SECOND, offset: 2n ** 63n }] }, "belong to none"],
    ["two at one place", { tensors: [FIRST, { ...SECOND, offset: 0n }] }, 'of tensors "first" and "second" overlap'],
    ["a gap", { tensors: [FIRST, { ...SECOND, offset: 128n }] }, "belong to none"],
    ["bytes at the end", { tensors: [{ ...FIRST, data: floats(...Array(200).fill(1)) }] }, "after its last tensor"],
    ["an alignment of 0", { metadata: [["general.alignment", ["u32", 0]]] }, "must be a power of two"],
    ["an alignment of 24", { metadata: [["general.alignment", ["u32", 24]]] }, "must be a power of two"],
    ["an alignment that is a text", { metadata: [["general.alignment", ["text", "32"]]] }, "must be a power of two"],
  ])("%s", (_title, changes, message) => {
    const path = saved(makeGguf({ ...WHOLE, ...changes }));
    expect(() => readGgufHeader(path)).toThrow(UserError);
    expect(() => readGgufHeader(path)).toThrow(message);
    expect(() => readGgufHeader(path)).toThrow(path);
  });

  test("every shorter file", () => {
    const bytes = makeGguf(WHOLE);
    const lastByte = bytes.length - 16; // After it, the last tensor is filled up.
    fc.assert(
      fc.property(fc.nat(lastByte - 1), (length) => {
        expect(() => readGgufHeader(saved(bytes.subarray(0, length)))).toThrow(UserError);
      }),
      { numRuns: 60 },
    );
  });

  test("a folder, and a file that is not there", () => {
    expect(() => readGgufHeader(temporaryFolder())).toThrow("no regular file");
    expect(() => readGgufHeader(join(temporaryFolder(), "none.gguf"))).toThrow("no such file");
  });
});

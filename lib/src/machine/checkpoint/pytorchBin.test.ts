import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  call,
  dict,
  EMPTY_LIST,
  get,
  global,
  integer,
  MARK,
  pickle,
  put,
  REDUCE,
  tensor,
  text,
  tuple,
} from "../../../../tests/support/makePickle";
import { makeZip } from "../../../../tests/support/makeZip";
import { UserError } from "../support/errors";
import { PROJECT_ROOT } from "../support/project";
import { randomGenerator } from "../support/random";
import { readTorchFile } from "./pytorchBin";
import { readValues, type StoredTensor } from "./storedTensor";

const FIXTURES = join(PROJECT_ROOT, "tests/fixtures/models");
const folder = mkdtempSync(join(tmpdir(), "pytorch-bin-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
function save(content: Buffer): string {
  const path = join(folder, `${count++}.bin`);
  writeFileSync(path, content);
  return path;
}

const floats = (...values: number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);

/** A file as torch.save writes it: the tensors' pickle and the storages by key. */
function zipped(body: Buffer, storages: Record<string, Buffer>, extra: Record<string, Buffer> = {}): Buffer {
  const members = Object.entries({
    "archive/data.pkl": pickle(body),
    ...extra,
    ...Object.fromEntries(Object.entries(storages).map(([key, bytes]) => [`archive/data/${key}`, bytes])),
  });
  return makeZip(members.map(([name, content]) => ({ name, content, stored: true })));
}

const MAGIC = Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex");
const MACHINE = dict({ little_endian: Buffer.from([0x88]) });

/** The older format. */
function legacy(body: Buffer, keys: string[], ...storages: Buffer[]): Buffer {
  const list = Buffer.concat([EMPTY_LIST, ...keys.flatMap((key) => [text(key), Buffer.from("a")])]);
  return Buffer.concat([MAGIC, pickle(integer(1001)), pickle(MACHINE), pickle(body), pickle(list), ...storages]);
}

function legacyStorage(length: number, bytes: Buffer): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeBigInt64LE(BigInt(length));
  return Buffer.concat([prefix, bytes]);
}

function valuesOf(tensors: Map<string, StoredTensor>, name: string): number[] {
  return [...readValues(tensors.get(name)!)];
}

const six = floats(0, 1, 2, 3, 4, 5);

describe("readTorchFile", () => {
  test("views of one storage: offsets, transposed, every second, a scalar, empty", () => {
    const length = 6;
    const body = dict({
      all: tensor({ length, shape: [2, 3], strides: [3, 1] }),
      transposed: tensor({ length, shape: [3, 2], strides: [1, 3] }),
      second: tensor({ length, offset: 1, shape: [3], strides: [2] }),
      cube: tensor({ length, shape: [3, 1, 2], strides: [1, 77, 3] }),
      column: tensor({ length, offset: 2, shape: [2, 1], strides: [3, 1] }),
      scalar: tensor({ length, offset: 5, shape: [], strides: [] }),
      empty: tensor({ length, shape: [0, 3], strides: [3, 1] }),
      step: integer(1000),
    });
    const tensors = readTorchFile(save(zipped(body, { 0: six })));
    expect([...tensors.keys()]).toEqual(["all", "transposed", "second", "cube", "column", "scalar", "empty"]);
    expect(tensors.get("all")!.strides).toBeUndefined();
    expect(valuesOf(tensors, "all")).toEqual([0, 1, 2, 3, 4, 5]);
    expect(valuesOf(tensors, "transposed")).toEqual([0, 3, 1, 4, 2, 5]);
    expect(valuesOf(tensors, "second")).toEqual([1, 3, 5]);
    expect(valuesOf(tensors, "cube")).toEqual([0, 3, 1, 4, 2, 5]);
    expect(valuesOf(tensors, "column")).toEqual([2, 5]);
    expect(valuesOf(tensors, "scalar")).toEqual([5]);
    expect(valuesOf(tensors, "empty")).toEqual([]);
  });

  test("the older format", () => {
    const body = dict({
      b: tensor({ key: "20", length: 2, shape: [2], strides: [1] }),
      a: tensor({ key: "10", length: 6, shape: [3, 2], strides: [1, 3] }),
    });
    const file = legacy(body, ["10", "20"], legacyStorage(6, six), legacyStorage(2, floats(8, 9)));
    const tensors = readTorchFile(save(file));
    expect(valuesOf(tensors, "a")).toEqual([0, 3, 1, 4, 2, 5]);
    expect(valuesOf(tensors, "b")).toEqual([8, 9]);
  });

  test("types that hold no weights are listed, and refused only when they are read", () => {
    const body = dict({ mask: tensor({ storage: "BoolStorage", length: 6, shape: [6], strides: [1] }) });
    const tensors = readTorchFile(save(zipped(body, { 0: six })));
    expect(tensors.get("mask")).toMatchObject({ elementType: "BOOL", shape: [6] });
    expect(() => readValues(tensors.get("mask")!)).toThrow(/"mask" is of type BOOL/);
  });

  const one = (view: Parameters<typeof tensor>[0]) => zipped(dict({ w: tensor(view) }), { 0: six });
  const good = { length: 6, shape: [6], strides: [1] };
  const goodLegacy = dict({ w: tensor(good) });
  const evil = call(global("os", "system"), text("id"));

  test.each<[string, () => Buffer, RegExp]>([
    [
      "code beside the weights",
      () => zipped(dict({ w: tensor(good), x: evil }), { 0: six }),
      /"os\.system".*malicious/,
    ],
    ["code in the older format", () => legacy(evil, []), /"os\.system".*malicious/],
    ["code instead of the magic number", () => Buffer.concat([pickle(evil), MAGIC]), /"os\.system".*malicious/],
    ["a storage class as a function", () => zipped(call(global("torch", "FloatStorage")), {}), /no function/],
    ["no dict", () => zipped(tensor(good), { 0: six }), /holds no dict/],
    [
      "a tensor of a text",
      () => zipped(call(global("torch._utils", "_rebuild_tensor_v2"), text("x")), {}),
      /no storage/,
    ],
    ["a tensor without arguments", () => zipped(call(global("torch._utils", "_rebuild_tensor_v2")), {}), /no storage/],
    ["more values than stored", () => one({ length: 6, shape: [1000, 1000], strides: [0, 0] }), /more values/],
    ["strides past the end", () => one({ length: 6, shape: [2, 3], strides: [4, 1] }), /runs past its storage/],
    ["an offset past the end", () => one({ ...good, offset: 1 }), /runs past its storage/],
    ["a negative offset", () => one({ ...good, offset: -1 }), /no valid shape, strides or offset/],
    ["negative strides", () => one({ ...good, strides: [-1] }), /no valid shape, strides or offset/],
    ["a negative shape", () => one({ ...good, shape: [-6] }), /no valid shape, strides or offset/],
    ["strides of another length", () => one({ ...good, strides: [1, 1] }), /no valid shape, strides or offset/],
    ["a short storage", () => one({ length: 7, shape: [6], strides: [1] }), /24 bytes, too few for 7 values of F32/],
    ["a negative length", () => one({ ...good, length: -6 }), /refers to a storage in an unknown way/],
    ["a missing storage", () => one({ ...good, key: "1" }), /no member archive\/data\/1/],
    ["a storage outside", () => one({ ...good, key: "../../../../etc/passwd" }), /no member/],
    [
      "one storage of two lengths",
      () => zipped(dict({ a: tensor(good), b: tensor({ ...good, length: 5, shape: [5] }) }), { 0: six }),
      /contradicts itself on storage "0"/,
    ],
    ["an id that is no tuple", () => zipped(Buffer.concat([text("storage"), Buffer.from("Q")]), {}), /unknown way/],
    ["pairs that are none", () => zipped(call(global("collections", "OrderedDict"), tuple(text("x"))), {}), /no list/],
    ["big-endian numbers", () => zipped(dict({}), {}, { "archive/byteorder": Buffer.from("big") }), /big-endian/],
    ["another zip", () => makeZip([{ name: "a.txt", content: six }]), /not one of torch\.save/],
    [
      "packed storages",
      () =>
        makeZip([
          { name: "archive/data.pkl", content: pickle(dict({ w: tensor(good) })), stored: true },
          { name: "archive/data/0", content: six },
        ]),
      /archive\/data\/0 is compressed/,
    ],
    ["a cut zip", () => zipped(dict({}), {}).subarray(0, -5), /not a zip archive, or cut short/],
    ["a web page", () => Buffer.from("<html>"), /not a file of torch\.save/],
    ["an empty file", () => Buffer.alloc(0), /not a file of torch\.save/],
    ["a wrong magic number", () => pickle(integer(7)), /not a file of torch\.save/],
    ["a cut storage", () => legacy(goodLegacy, ["0"], legacyStorage(6, six.subarray(4))), /is cut short \(needs/],
    ["no storages", () => legacy(goodLegacy, ["0"]), /is cut short/],
    ["a storage of another length", () => legacy(goodLegacy, ["0"], legacyStorage(5, six)), /another length/],
    ["an unlisted storage", () => legacy(goodLegacy, []), /1 storages are missing/],
    ["a storage listed twice", () => legacy(goodLegacy, ["0", "0"], legacyStorage(6, six), six), /unknown storage/],
    ["an unknown storage", () => legacy(goodLegacy, ["9"], legacyStorage(6, six)), /unknown storage/],
  ])("refuses %s", (_title, content, message) => {
    const path = save(content());
    const read = () => readTorchFile(path);
    expect(read).toThrow(UserError);
    expect(read).toThrow(message);
    expect(read).toThrow(path);
  });

  test("refuses one long list that is copied again and again, soon", () => {
    const pairs = Buffer.alloc(600_000, Buffer.from([0x4e, 0x4e, 0x86])); // (None, None)
    const list = Buffer.concat([EMPTY_LIST, put(0), MARK, pairs, Buffer.from("e")]);
    const copy = Buffer.concat([global("collections", "OrderedDict"), get(0), Buffer.from([0x85]), REDUCE]);
    const path = save(zipped(Buffer.concat([list, ...Array(100_000).fill(copy)]), {}));
    const started = performance.now();
    expect(() => readTorchFile(path)).toThrow(/more than 2000000 objects/);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test("refuses a persistent id of many parts, which could be named many times", () => {
    const id = tuple(
      text("storage"),
      global("torch", "FloatStorage"),
      text("0"),
      text("cpu"),
      ...Array(9).fill(integer(1)),
    );
    const path = save(zipped(Buffer.concat([id, Buffer.from("Q")]), { 0: six }));
    expect(() => readTorchFile(path)).toThrow(/refers to a storage in an unknown way/);
  });

  test("refuses a file that is not there, and a folder", () => {
    expect(() => readTorchFile(join(folder, "none.bin"))).toThrow(/none\.bin: no such file/);
    expect(() => readTorchFile(folder)).toThrow(/cannot be read/);
  });

  // Whatever is wrong with a file: one clear error, soon, and never a tensor outside the file.
  test.each(["opt-bin", "opt-bin-legacy", "gpt2-bin", "gpt2-bin-legacy-bf16"])("%s with random damage", (name) => {
    const original = readFileSync(join(FIXTURES, name, "pytorch_model.bin"));
    const random = randomGenerator(name);
    const pick = (below: number) => Math.floor(random() * below);
    const started = performance.now();
    let refused = 0;
    for (let round = 0; round < 400; round++) {
      let bytes = Buffer.from(original);
      // The pickles lie at the start, the zip directory at the end.
      for (let i = 0; i < 1 + pick(4); i++) {
        const at = random() < 0.8 ? pick(4000) : bytes.length - 1 - pick(4000);
        bytes[at] = random() < 0.5 ? pick(256) : bytes[at] ^ (1 << pick(8));
      }
      if (random() < 0.2) bytes = bytes.subarray(0, pick(bytes.length));
      const path = join(folder, "damaged.bin");
      writeFileSync(path, bytes);
      try {
        for (const { begin, end } of readTorchFile(path).values()) {
          expect(begin).toBeGreaterThanOrEqual(0);
          expect(end).toBeLessThanOrEqual(bytes.length);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(50);
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});

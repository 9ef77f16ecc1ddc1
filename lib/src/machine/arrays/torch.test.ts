import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
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
  TUPLE,
  tensor,
  text,
  tuple,
} from "../../../../tests/support/makePickle";
import { makeZip } from "../../../../tests/support/makeZip";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { readTorchArray } from "./torch";

function saved(value: Buffer, values = 24): string {
  const path = join(temporaryFolder(), "a.pt");
  const data = Buffer.from(Float32Array.from({ length: values }, (_, i) => i).buffer);
  const members = [
    { name: "archive/data.pkl", content: pickle(value), stored: true },
    { name: "archive/data/0", content: data, stored: true },
  ];
  writeFileSync(path, makeZip(members));
  return path;
}

const APPENDS = Buffer.from([0x65]);
const view = (offset: number, shape: number[], length = 24) =>
  tensor({ length, offset, shape, strides: shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1)) });

test("a list of views of one storage is their stack", () => {
  const list = tuple(view(0, [3, 4]), view(12, [3, 4]));
  const { shape, data } = readTorchArray(saved(list));
  expect(shape).toEqual([2, 3, 4]);
  expect(Array.from(data)).toEqual(Array.from({ length: 24 }, (_, i) => i));
});

test("names of what is nested, and what is no tensor", () => {
  const value = dict({
    epoch: integer(3),
    note: text("x"),
    none: call(global("collections", "OrderedDict")),
    layers: tuple(view(0, [2, 3]), view(6, [2, 3])),
    other: tuple(view(0, [2, 3]), view(6, [3, 2])),
  });
  const path = saved(value);
  expect(() => readTorchArray(path)).toThrow(/: layers \[2,2,3\], other\.0 \[2,3\], other\.1 \[3,2\]$/);
  expect(readTorchArray(path, "layers.1").data).toEqual(Float32Array.of(6, 7, 8, 9, 10, 11));
  expect(readTorchArray(path, "other.1").shape).toEqual([3, 2]);
  expect(() => readTorchArray(path, "epoch")).toThrow("holds no array epoch");
  expect(() => readTorchArray(saved(dict({ epoch: integer(3) })))).toThrow("holds no arrays of numbers");
});

test("a list that holds itself, and one that holds a tensor twice", () => {
  const circle = Buffer.concat([EMPTY_LIST, put(1), MARK, view(0, [2, 3]), get(1), APPENDS]);
  expect(() => readTorchArray(saved(circle))).toThrow("lists in lists without end");
  const twice = Buffer.concat([MARK, view(6, [2, 3]), put(1), get(1), TUPLE]);
  const { shape, data } = readTorchArray(saved(twice));
  expect(shape).toEqual([2, 2, 3]);
  expect(Array.from(data)).toEqual([6, 7, 8, 9, 10, 11, 6, 7, 8, 9, 10, 11]);
});

test("lists of lists, each many times over, end in time", () => {
  const many = (index: number) => Array.from({ length: 100 }, () => get(index));
  const lists = [1, 2, 3, 4, 5].map((index) =>
    Buffer.concat([EMPTY_LIST, MARK, ...many(index), APPENDS, put(index + 1)]),
  );
  const value = Buffer.concat([EMPTY_LIST, put(1), ...lists]);
  const started = performance.now();
  expect(() => readTorchArray(saved(tuple(value)))).toThrow(/lists in lists without end/);
  expect(performance.now() - started).toBeLessThan(3000);
});

test("a small file cannot claim a stack of any size", () => {
  const layers = tuple(...Array.from({ length: 40 }, () => view(0, [64, 64], 4096)));
  const path = saved(layers, 4096);
  expect(() => readTorchArray(path)).toThrow("share their values; save torch.stack");
  expect(readTorchArray(path, "3").shape).toEqual([64, 64]);
});

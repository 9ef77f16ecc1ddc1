import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { chooseBackend } from "./backend";

beforeAll(() => chooseBackend("wasm"));

/** Every value says where it is from: its index in the whole tensor. */
function indices(shape: readonly number[], start: readonly number[], size: readonly number[]): number[] {
  let found = [0];
  shape.forEach((length, dimension) => {
    const taken = Array.from({ length: size[dimension] }, (_, i) => start[dimension] + i);
    found = found.flatMap((index) => taken.map((i) => index * length + i));
  });
  return found;
}

test.each([
  [[7], [2], [3]],
  [
    [4, 5],
    [1, 0],
    [2, 5],
  ],
  [
    [4, 5],
    [1, 2],
    [3, 1],
  ],
  [
    [3, 4, 5],
    [0, 1, 0],
    [3, 2, 5],
  ],
  [
    [3, 4, 5],
    [1, 1, 1],
    [2, 3, 2],
  ],
  [
    [3, 4, 5],
    [2, 3, 4],
    [1, 1, 1],
  ],
  [
    [3, 4, 5],
    [0, 0, 0],
    [3, 4, 5],
  ],
  [
    [3, 4, 5],
    [0, 2, 0],
    [3, 0, 5],
  ],
  [
    [2, 3, 4, 5],
    [0, 1, 0, 1],
    [2, 2, 4, 3],
  ],
  [
    [2, 3, 2, 2, 4],
    [1, 0, 0, 1, 0],
    [1, 2, 2, 1, 4],
  ],
])("of shape %j from %j, %j", async (shape, start, size) => {
  const values = Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => i);
  for (const dtype of ["float32", "int32"] as const) {
    const whole = tf.tensor(values, shape, dtype);
    const part = tf.slice(whole, start, size);
    expect([part.shape, part.dtype]).toEqual([size, dtype]);
    expect([...(await part.data())]).toEqual(indices(shape, start, size));
    expect([...(await whole.data())]).toEqual(values);
    tf.dispose([whole, part]);
  }
});

test("of truth values and strings", async () => {
  const truths = tf.tensor2d([true, false, true, true], [2, 2], "bool");
  const words = tf.tensor1d(["a", "b", "c"]);
  const parts = [tf.slice(truths, [0, 1], [2, 1]), tf.slice(words, [1], [2])];
  const data = await Promise.all(parts.map((part) => part.data()));
  expect(data.map((values) => [...values])).toEqual([
    [0, 1],
    ["b", "c"],
  ]);
  tf.dispose([truths, words, ...parts]);
});

import { beforeAll, expect, test } from "vitest";
import { chooseBackend } from "../machine/backend/backend";
import { randomGenerator } from "../machine/support/random";
import { LayerCloud } from "./layerCloud";
import { measureLayer } from "./metrics";
import { giveBackMatrix, takeMatrix } from "./spareMatrix";

beforeAll(() => chooseBackend("cpu"));

test("a matrix is handed out again after it was given back, to one taker, at its size", () => {
  const first = takeMatrix(3);
  expect(first.length).toBe(9);
  expect(takeMatrix(3)).not.toBe(first);
  giveBackMatrix(first);
  expect(takeMatrix(3)).toBe(first);
  expect(takeMatrix(3)).not.toBe(first);
  giveBackMatrix(first);
  expect(takeMatrix(2).length).toBe(4);
  expect(takeMatrix(3)).not.toBe(first);
});

test("a layer is measured the same in memory that another one used, also after its own was given back", async () => {
  const random = randomGenerator("layers");
  const [points, dimension] = [70, 5];
  const layers = Array.from({ length: 3 }, () => ({
    values: Float32Array.from({ length: points * dimension }, random),
    points,
    dimension,
  }));
  const measure = (index: number) => new LayerCloud(layers[index], `layer ${index}`);
  const kept = layers.map((_, index) => measure(index));
  const expected = [];
  for (const layer of kept) expected.push(await measureLayer(layer));
  for (const index of [0, 1, 2, 0]) {
    const layer = measure(index);
    expect(await measureLayer(layer)).toEqual(expected[index]);
    await layer.release();
    await layer.release();
    expect(await measureLayer(layer)).toEqual(expected[index]);
  }
  // Those that were never given back are untouched.
  for (const [index, layer] of kept.entries()) expect(await measureLayer(layer)).toEqual(expected[index]);
});

import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { onEachBackend } from "../../../tests/support/backends";
import type { Cloud } from "../machine/support/cloud";
import { randomGenerator } from "../machine/support/random";
import { intrinsicDimensionMetric } from "./intrinsicDimension";
import { LayerCloud } from "./layerCloud";
import { StreamedCloud } from "./streamedCloud";

/** Points near a curved surface of 3 dimensions, far from the origin, some of them the same. */
function surface(points: number, dimension: number): Cloud {
  const random = randomGenerator("surface");
  const values = new Float32Array(points * dimension);
  for (let point = 0; point < points; point++) {
    const place = [random(), random(), random()];
    for (let i = 0; i < dimension; i++) {
      const along = place[i % 3] * (1 + (i % 5)) + Math.sin(place[(i + 1) % 3] * (i % 11));
      values[point * dimension + i] = 20 + (i % 7) + along + 0.01 * random();
    }
  }
  values.copyWithin(4 * dimension, 0, dimension); // point 4 is point 0
  values.fill(0, 9 * dimension, 10 * dimension);
  values.fill(-0, 8 * dimension, 9 * dimension); // 8 and 9 are the same
  return { values, points, dimension };
}

async function stream({ values, points, dimension }: Cloud, columns: number): Promise<StreamedCloud> {
  const cloud = new StreamedCloud(points);
  for (let first = 0; first < dimension; first += columns) {
    const count = Math.min(columns, dimension - first);
    const tile = new Float32Array(points * count);
    for (let point = 0; point < points; point++) {
      tile.set(values.subarray(point * dimension + first, point * dimension + first + count), point * count);
    }
    await cloud.addColumns(tile, count);
  }
  return cloud;
}

onEachBackend("a streamed cloud", (useBackend) => {
  beforeAll(useBackend);

  it.each([1000, 130, 7])("has the dimensions of the whole one, %i columns at a time", async (columns) => {
    const cloud = surface(120, 500);
    const expected = await intrinsicDimensionMetric.measure(new LayerCloud(cloud, "whole"));
    const before = tf.memory().numTensors;
    const estimates = (await stream(cloud, columns)).intrinsicDimension("streamed");
    expect(tf.memory().numTensors).toBe(before);
    expect(estimates.map(({ scaling }) => scaling)).toEqual(expected.map(({ scaling }) => scaling));
    estimates.forEach((estimate, i) => {
      for (const key of ["id", "error", "scale"] as const) {
        expect(Math.abs(estimate[key] / expected[i][key] - 1)).toBeLessThan(1e-6);
      }
    });
  });

  it.each([0.03, 0.01, 0.001, 1e-4])(
    "of points in fours that differ by %d of themselves: right, or no number",
    async (noise) => {
      const uniform = randomGenerator("fours");
      const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
      const cloud = { values: new Float32Array(64 * 512), points: 64, dimension: 512 };
      for (let first = 0; first < 64; first += 4) {
        const middle = Array.from({ length: 512 }, normal);
        const four = [0, 1, 2, 3].flatMap(() => middle.map((value) => value + noise * normal()));
        cloud.values.set(four, first * 512);
      }
      const expected = await intrinsicDimensionMetric.measure(new LayerCloud(cloud, "whole"));
      const estimates = (await stream(cloud, 512)).intrinsicDimension("streamed");
      const close = estimates.map(({ id }, i) => Math.abs(id / expected[i].id - 1) < 0.002);
      // Neighbors 1 and 2 are of the same four.
      expect(close[0]).toBe(noise > 0.02);
      estimates.forEach(({ id, error }, i) => {
        if (!close[i]) expect([id, error]).toEqual([Number.NaN, Number.NaN]);
      });
      // Neighbors 4 and 8 are not.
      expect(close[2]).toBe(true);
    },
  );

  it("has none if fewer than three points differ, and refuses NaN", async () => {
    const same = { values: new Float32Array(40).fill(1), points: 10, dimension: 4 };
    expect((await stream(same, 4)).intrinsicDimension("same")).toEqual([]);
    const broken = surface(10, 20);
    broken.values[3 * 20 + 5] = Number.NaN;
    const cloud = await stream(broken, 20);
    expect(() => cloud.intrinsicDimension("logits")).toThrow("logits: point");
  });
});

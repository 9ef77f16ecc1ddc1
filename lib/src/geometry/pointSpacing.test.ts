import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { chooseBackend } from "../machine/backend/backend";
import { pointSpacing } from "./pointSpacing";

beforeAll(() => chooseBackend("cpu"));

/** By sorting all distances, ties by index. */
function bySorting(rows: number[][], k: number) {
  return rows.map((row, point) =>
    rows
      .map((other, index) => ({ index, square: row.reduce((sum, value, axis) => sum + (value - other[axis]) ** 2, 0) }))
      .filter(({ index }) => index !== point)
      .sort((a, b) => a.square - b.square || a.index - b.index)
      .slice(0, Math.max(k, 3)),
  );
}

describe("pointSpacing", () => {
  test("is the distance to the k-th neighbor, whatever the points, coinciding ones included", async () => {
    const coordinates = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 3, maxLength: 3 });
    const clouds = fc.array(coordinates, { minLength: 5, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(clouds, fc.integer({ min: 1, max: 4 }), async (rows, k) => {
        const values = Float32Array.from(rows.flat());
        const { distances, nearest } = await pointSpacing({ values, points: rows.length, dimension: 3 }, k);
        bySorting(rows, k).forEach((sorted, point) => {
          expect(distances[point]).toBeCloseTo(Math.sqrt(sorted[k - 1].square), 10);
          expect(nearest[point]).toEqual(sorted.slice(0, 3).map(({ index }) => index));
        });
      }),
      { numRuns: 40, seed: 1 },
    );
  });

  test("refuses a neighbor that there is not", async () => {
    const cloud = { values: new Float32Array([0, 1, 3, 7]), points: 4, dimension: 1 };
    expect((await pointSpacing(cloud, 3)).distances).toEqual([7, 6, 4, 7]);
    for (const k of [0, 4, 1.5]) await expect(pointSpacing(cloud, k)).rejects.toThrow(/whole number from 1 to 3/);
  });
});

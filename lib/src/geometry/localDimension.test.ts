/** Against scikit-dimension's `MLE` of the same distances, and closed forms. */
import { beforeAll, describe, expect, test } from "vitest";
import { relativeDifference, VIEW_CLOUDS, viewCloud } from "../../../tests/support/viewClouds";
import { chooseBackend } from "../machine/backend/backend";
import { distinctPoints } from "./distinctPoints";
import { dimensionsByDistances, localDimensions, meanLocalDimension } from "./localDimension";

beforeAll(() => chooseBackend("wasm"));

describe("as scikit-dimension has it", () => {
  test.each(VIEW_CLOUDS)("%s", async (name, { k, localDimensions: expected }) => {
    const cloud = viewCloud(name);
    const ofDistinct = await localDimensions(distinctPoints(cloud), k);
    expect(relativeDifference(ofDistinct, expected.points)).toBeLessThan(1e-9);
    expect(meanLocalDimension(ofDistinct)).toBeCloseTo(expected.mean, 9);
    const ofAll = await localDimensions(cloud);
    expect(new Set(ofAll)).toEqual(new Set(ofDistinct));
  });
});

test("where the j-th neighbor is as far as in an evenly filled ball: d (k - 1) / ln(k^k / k!)", () => {
  for (const [d, k] of [
    [1, 2],
    [3, 10],
    [12.5, 20],
  ]) {
    const distances = [Float64Array.from({ length: k }, (_, j) => ((j + 1) / k) ** (1 / d))];
    const logFactorial = Array.from({ length: k }, (_, j) => Math.log(j + 1)).reduce((a, b) => a + b);
    const ranks = distances[0].map((_, j) => j + 1);
    const [dimension] = dimensionsByDistances({ ranks: [...ranks], distances });
    expect(dimension).toBeCloseTo((d * (k - 1)) / (k * Math.log(k) - logFactorial), 10);
  }
});

test("copies have the number of the first one, whose other neighbors are what they would be without them", async () => {
  const values = [0, 1, 3, 7, 15];
  const once = await localDimensions({ values: Float64Array.from(values), points: 5, dimension: 1 }, 3);
  const twice = { values: Float64Array.from([...values, 3, 0, -0]), points: 8, dimension: 1 };
  expect([...(await localDimensions(twice, 3))]).toEqual([...once, once[2], once[0], once[0]]);
});

test("there is none where all neighbors are equally far, or too few points differ", async () => {
  const corners = { values: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), points: 3, dimension: 3 };
  expect([...(await localDimensions(corners))]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  const two = { values: Float64Array.of(1, 1, 2), points: 3, dimension: 1 };
  expect([...(await localDimensions(two))]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  expect([meanLocalDimension([Number.NaN, 2, 6]), meanLocalDimension([Number.NaN])]).toEqual([3, Number.NaN]);
});

test.each([0, 1, 2.5, 4, Number.NaN])("%f neighbors of four distinct points are refused", async (count) => {
  const cloud = { values: Float64Array.of(0, 1, 3, 7, 7), points: 5, dimension: 1 };
  await expect(localDimensions(cloud, count)).rejects.toThrow(
    `neighbor ${count} of 4 distinct points: must be a whole number from 2 to 3`,
  );
});

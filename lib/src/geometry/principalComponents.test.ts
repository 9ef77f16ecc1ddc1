/** Against scikit-learn's `PCA`, and closed forms. */
import { describe, expect, test } from "vitest";
import { relativeDifference, rowsOf, VIEW_CLOUDS, viewCloud } from "../../../tests/support/viewClouds";
import { principalComponents } from "./principalComponents";

describe("as scikit-learn has them", () => {
  test.each(VIEW_CLOUDS)("%s", (name, reference) => {
    const { projection, variances, share } = principalComponents(viewCloud(name), 2);
    expect(relativeDifference(variances, reference.variances)).toBeLessThan(1e-9);
    expect(share).toBeCloseTo(reference.share, 9);
    const picture = rowsOf(projection).slice(0, 6).flat().map(Math.abs);
    expect(relativeDifference(picture, reference.picture.flat())).toBeLessThan(1e-7);
  });
});

test("all of them keep every distance; the variances are those along the axes", () => {
  const values = Float64Array.of(0, 0, 0, 6, 0, 0, 0, 4, 0, 6, 4, 0, 3, 2, 1, 3, 2, -1);
  const { projection, variances, share } = principalComponents({ values, points: 6, dimension: 3 }, 3);
  expect(variances[0]).toBeCloseTo(6, 12);
  expect(variances[1]).toBeCloseTo(16 / 6, 12);
  expect(variances[2]).toBeCloseTo(1 / 3, 12);
  expect(share).toBeCloseTo(1, 12);
  const rows = rowsOf(projection);
  const squared = (a: number, b: number) => rows[a].reduce((sum, value, i) => sum + (value - rows[b][i]) ** 2, 0);
  expect(squared(0, 3)).toBeCloseTo(52, 10);
  expect(squared(4, 5)).toBeCloseTo(4, 10);
});

test("of fewer points than coordinates they are the same as with zeros behind them", () => {
  const few = { values: Float64Array.of(0, 0, 5, 1, 2, 7), points: 3, dimension: 2 };
  const wide = { values: Float64Array.of(0, 0, 0, 0, 0, 5, 1, 0, 0, 0, 2, 7, 0, 0, 0), points: 3, dimension: 5 };
  const [one, other] = [few, wide].map((cloud) => principalComponents(cloud, 2));
  expect(relativeDifference(other.projection.values, one.projection.values)).toBeLessThan(1e-12);
  expect(other.share).toBeCloseTo(1, 12);
});

test("points that are all the same have no variance and no share of it", () => {
  const { variances, share } = principalComponents({ values: new Float64Array(6).fill(3), points: 3, dimension: 2 }, 2);
  expect([[...variances], share]).toEqual([[0, 0], Number.NaN]);
});

test.each([0, 3, 1.5])("%f of two directions are refused", (count) => {
  const cloud = { values: new Float64Array(6), points: 3, dimension: 2 };
  expect(() => principalComponents(cloud, count)).toThrow(
    `${count} principal components: must be a whole number from 1 to 2`,
  );
});

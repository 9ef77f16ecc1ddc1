/** Clouds of known law: their moments within their standard errors. */
import { describe, expect, it } from "vitest";
import { normalGenerator } from "../machine/support/random";
import { ballCloud, gaussianLike } from "./controlClouds";
import { gride } from "./gride";
import { neighborsByDefinition } from "./neighborsByDefinition";

const meanOf = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

describe("normal numbers", () => {
  it("have the moments 0, 1, 0 and 3, and one seed gives them again", () => {
    const { normal } = normalGenerator("moments");
    const values = Float64Array.from({ length: 100_000 }, normal);
    const moment = (power: number) => meanOf(values.map((value) => value ** power));
    // Five standard errors: sqrt(1, 2, 15, 96) / sqrt(100,000).
    expect(Math.abs(moment(1))).toBeLessThan(0.016);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.023);
    expect(Math.abs(moment(3))).toBeLessThan(0.062);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.155);
    expect(normalGenerator("moments").normal()).toBe(values[0]);
    expect(normalGenerator("others").normal()).not.toBe(values[0]);
  });
});

describe("a ball", () => {
  it.each([1, 3, 40])("of dimension %d has radius 1 and is filled evenly: r^d is uniform", (dimension) => {
    const { values, points } = ballCloud(4000, dimension, "radii");
    const shares = Array.from({ length: points }, (_, point) => {
      const vector = values.subarray(point * dimension, (point + 1) * dimension);
      return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) ** dimension;
    });
    expect(Math.max(...shares)).toBeLessThanOrEqual(1 + 1e-9);
    expect(Math.abs(meanOf(shares) - 1 / 2)).toBeLessThan(0.023); // five standard errors
    expect(Math.abs(meanOf(shares.map((share) => share ** 2)) - 1 / 3)).toBeLessThan(0.024);
    expect(Math.abs(meanOf(values))).toBeLessThan(0.05);
  });

  it("has the dimension that it has where that is low, and less where it is high", () => {
    const id = (dimension: number) => gride(neighborsByDefinition(ballCloud(500, dimension, "0"), 2), 2).id;
    expect(Math.abs(id(2) - 2)).toBeLessThan(0.45);
    expect(id(50)).toBeLessThan(40);
  });

  it.each([
    [0, 3, "points is 0"],
    [3, 1.5, "dimension is 1.5"],
  ])("of %d points in %d dimensions is refused", (points, dimension, message) => {
    expect(() => ballCloud(points, dimension, "0")).toThrow(`${message}: must be a whole number above 0`);
  });
});

describe("a Gaussian like a cloud", () => {
  const cloud = { values: Float64Array.of(0, 1, 4, 1, 2, 5, 6, 9, 1, 0), points: 5, dimension: 2 };

  it("has its mean and its covariance", () => {
    const { values, points } = gaussianLike(cloud, "moments", 40_000);
    const column = (all: Float64Array, i: number) => all.filter((_, place) => place % 2 === i);
    const covariance = (all: Float64Array, i: number, j: number) => {
      const [a, b] = [column(all, i), column(all, j)];
      const [meanA, meanB] = [meanOf(a), meanOf(b)];
      return meanOf(a.map((value, place) => (value - meanA) * (b[place] - meanB)));
    };
    expect(points).toBe(40_000);
    for (const i of [0, 1]) {
      // Five standard errors.
      const spread = Math.sqrt(covariance(cloud.values, i, i));
      expect(Math.abs(meanOf(column(values, i)) - meanOf(column(cloud.values, i)))).toBeLessThan(0.025 * spread);
      for (const j of [0, 1]) {
        const [ii, jj, ij] = [
          covariance(cloud.values, i, i),
          covariance(cloud.values, j, j),
          covariance(cloud.values, i, j),
        ];
        const error = Math.sqrt((ii * jj + ij ** 2) / points);
        expect(Math.abs(covariance(values, i, j) - ij)).toBeLessThan(5 * error);
      }
    }
  });

  it("has as many points as the cloud, and stays in its plane", () => {
    const flat = { values: Float64Array.of(0, 0, 7, 1, 2, 7, 2, 1, 7, 3, 3, 7), points: 4, dimension: 3 };
    const found = gaussianLike(flat, "0");
    expect([found.points, found.dimension]).toEqual([4, 3]);
    for (let point = 0; point < 4; point++) expect(found.values[3 * point + 2]).toBeCloseTo(7, 12);
  });

  it("of no points is refused", () => {
    expect(() => gaussianLike(cloud, "0", 0)).toThrow("points is 0: must be a whole number above 0");
  });

  it("of NaN is refused", () => {
    expect(() => gaussianLike({ ...cloud, values: cloud.values.with(3, Number.NaN) }, "0")).toThrow("holds NaN");
  });
});

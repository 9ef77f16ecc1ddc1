import { Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { randomGenerator } from "../machine/support/random";
import { simplexSkewnessDimension } from "./simplexSkewness";

/** Normal values by Box and Muller. */
function gaussian(points: number, dimension: number, seed: string): Matrix {
  const random = randomGenerator(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return new Matrix(Array.from({ length: points }, () => Array.from({ length: dimension }, normal)));
}

describe("expected simplex skewness", () => {
  it.each([2, 3, 5, 10, 40])("finds the %i dimensions of a normal cloud", (dimension) => {
    const estimate = simplexSkewnessDimension(gaussian(1500, dimension, `ess ${dimension}`));
    expect(Math.abs(estimate / dimension - 1)).toBeLessThan(0.03);
  });

  it("finds a plane in many dimensions, and a line", () => {
    const plane = gaussian(1000, 2, "plane")
      .to2DArray()
      .map(([a, b]) => [a, b, a + b, a - 2 * b, 3 * a]);
    expect(Math.abs(simplexSkewnessDimension(new Matrix(plane)) - 2)).toBeLessThan(0.2);
    const line = [1, -2, 4, 0.5].map((t) => [t, 2 * t, -t]);
    expect(simplexSkewnessDimension(new Matrix(line))).toBeCloseTo(1, 6);
  });

  it("is interpolated between whole dimensions, and no larger than the number of coordinates", () => {
    // Lengths 1, 1 and sqrt(2); sines 1, 1/sqrt(2), 1/sqrt(2): s = 3 / (1 + 2 sqrt(2)).
    const corner = [
      [1, 0],
      [0, 1],
      [1, 1],
    ];
    const skewness = 3 / (1 + 2 * Math.SQRT2);
    // Above 2 / pi, so between dimensions 2 and 3; two coordinates allow no more than 2.
    expect(skewness).toBeGreaterThan(2 / Math.PI);
    expect(simplexSkewnessDimension(new Matrix(corner))).toBe(2);
    const inSpace = corner.map(([a, b]) => [a, b, 0]);
    const expected = 2 + (skewness - 2 / Math.PI) / (Math.PI / 4 - 2 / Math.PI);
    expect(simplexSkewnessDimension(new Matrix(inSpace))).toBeCloseTo(expected, 12);
  });

  it("does not exist for two vectors, or for none but zeros", () => {
    expect(simplexSkewnessDimension(gaussian(2, 3, "two"))).toBeNaN();
    expect(simplexSkewnessDimension(Matrix.zeros(3, 1))).toBeNaN();
  });
});

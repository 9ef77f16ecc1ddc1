/** Partial correlations against least squares by NumPy and Student's t by SciPy (tests/fixtures/make/scales.py). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { pearson } from "./correlation";
import { partialCorrelation } from "./partialCorrelation";

interface Case {
  x: number[];
  y: number[];
  given: number[][];
  r: number;
  p: number;
  interval95: [number, number];
}

const CASES: Case[] = JSON.parse(
  readFileSync(join(__dirname, "../../../tests/fixtures/scales/partial-correlations.json"), "utf8"),
);

describe("partial correlations", () => {
  test.each(CASES.map((one) => [one.x.length, one.given.length, one] as const))(
    "of %d with %d held fixed",
    (n, _, one) => {
      const { x, y, given, r, p, interval95 } = one;
      const found = partialCorrelation(x, y, given);
      expect(found.n).toBe(n);
      expect(found.coefficient).toBeCloseTo(r, 9);
      expect(Math.abs(found.p / p - 1)).toBeLessThan(1e-7);
      expect(found.low).toBeCloseTo(interval95[0], 9);
      expect(found.high).toBeCloseTo(interval95[1], 9);
    },
  );

  const [x, y] = [
    [1, 2, 3, 4, 5, 7],
    [2, 1, 4, 3, 6, 5],
  ];

  it("with nothing held fixed are Pearson's", () => {
    const { coefficient, ...rest } = partialCorrelation(x, y, []);
    const { coefficient: expected, ...others } = pearson(x, y);
    expect(coefficient).toBeCloseTo(expected, 12);
    expect(rest.p).toBeCloseTo(others.p, 12);
  });

  it("are the closed form of three quantities", () => {
    const z = [1, 1, 2, 5, 3, 4];
    const [xy, xz, yz] = [pearson(x, y), pearson(x, z), pearson(y, z)].map(({ coefficient }) => coefficient);
    const expected = (xy - xz * yz) / Math.sqrt((1 - xz ** 2) * (1 - yz ** 2));
    expect(partialCorrelation(x, y, [z]).coefficient).toBeCloseTo(expected, 12);
  });

  it("do not count constants and what follows from the others", () => {
    const z = [1, 1, 2, 5, 3, 4];
    const once = partialCorrelation(x, y, [z]);
    const thrice = partialCorrelation(x, y, [z, [0.1, 0.1, 0.1, 0.1, 0.1, 0.1], z.map((value) => 3 * value + 1e6)]);
    expect(thrice.coefficient).toBeCloseTo(once.coefficient, 9);
    expect(thrice.p).toBeCloseTo(once.p, 9);
  });

  it("leave out what has no number", () => {
    const found = partialCorrelation([...x, 3], [...y, 9], [[1, 1, 2, 5, 3, 4, Number.NaN]]);
    expect(found).toEqual(partialCorrelation(x, y, [[1, 1, 2, 5, 3, 4]]));
  });

  it("do not exist where nothing is left", () => {
    expect(partialCorrelation(x, y, [x]).coefficient).toBeNaN();
    expect(partialCorrelation([1, 2, 4], [2, 1, 3], [[1, 0, 0]]).coefficient).toBeNaN();
  });

  it("refuse other lengths", () => {
    expect(() => partialCorrelation(x, y, [[1, 2]])).toThrow("2, 6, 6 values: of each as many are needed");
  });
});

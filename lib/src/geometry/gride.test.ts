/** Dimension estimates against their equations, written out, and on clouds whose dimension is known. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { chooseBackend } from "../machine/backend/backend";
import type { Cloud } from "../machine/support/cloud";
import { randomGenerator } from "../machine/support/random";
import { geometryReport } from "./geometryReport";
import { gride, rangeScalings } from "./gride";
import { twoNN } from "./twoNN";

beforeAll(() => chooseBackend("cpu"));

const RUNS = { numRuns: 40, seed: 3 };

const cloudOf = (rows: number[][]): Cloud => ({
  values: Float64Array.from(rows.flat()),
  points: rows.length,
  dimension: rows[0].length,
});

/** Normally distributed points (Box and Muller). */
function gaussianRows(points: number, dimension: number, seed: string): number[][] {
  const random = randomGenerator(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: points }, () => Array.from({ length: dimension }, normal));
}

/** Neighbors n2 / 2 at one distance, neighbors n2 further away by these ratios. */
const ratiosAt = (n2: number, mu: readonly number[], inner = 1) => ({
  ranks: [n2 / 2, n2],
  distances: mu.map((ratio) => Float64Array.of(inner, inner * ratio)),
});

describe("GRIDE", () => {
  test.each([
    [1, []],
    [2, []],
    [3, [2]],
    [4, [2]],
    [5, [2, 4]],
    [256, [2, 4, 8, 16, 32, 64, 128]],
    [257, [2, 4, 8, 16, 32, 64, 128, 256]],
    [1024, [2, 4, 8, 16, 32, 64, 128, 256]],
  ])("range scalings of %i points", (points, scalings) => {
    expect(rangeScalings(points)).toEqual(scalings);
  });

  const ratios = fc.array(fc.double({ min: 1.0001, max: 3, noNaN: true }), { minLength: 5, maxLength: 60 });

  test("at 2 the closed form, its error and length", () => {
    fc.assert(
      fc.property(ratios, (mu) => {
        const { id, error, scale } = gride(ratiosAt(2, mu, 2), 2);
        const kept = withoutOutliers(mu);
        if (kept.length < 2) return expect(id).toBeNaN();
        const sum = kept.reduce((total, m) => total + Math.log(m), 0);
        expect(id / ((kept.length - 1) / sum)).toBeCloseTo(1, 10);
        expect(error / (id / Math.sqrt(mu.length))).toBeCloseTo(1, 10);
        expect(scale).toBeCloseTo(mu.reduce((total, m) => total + (2 + 2 * m) / 2, 0) / mu.length, 10);
      }),
      RUNS,
    );
  });

  test("beyond 2 the root of the likelihood equation, with the error of its Fisher information", () => {
    fc.assert(
      fc.property(ratios, fc.constantFrom(4, 8, 16), (mu, n2) => {
        const { id, error } = gride(ratiosAt(n2, mu), n2);
        const kept = withoutOutliers(mu);
        if (kept.length < 2) return expect(id).toBeNaN();
        const n1 = n2 / 2;
        const terms = kept.map((m) => Math.log(m) * (n2 - 1 - (n2 - n1 - 1) / (1 - m ** -id)));
        const prior = (kept.length - 1) / id;
        const largest = Math.max(prior, ...terms.map(Math.abs));
        expect(Math.abs(terms.reduce((sum, term) => sum + term, 0) - prior)).toBeLessThan(1e-9 * largest * mu.length);
        const curvature = mu.map((m) => (Math.log(m) / (1 - m ** -id)) ** 2 * m ** -id);
        const information = mu.length / id ** 2 + (n2 - n1 - 1) * curvature.reduce((sum, value) => sum + value, 0);
        expect(error * Math.sqrt(information)).toBeCloseTo(1, 8);
      }),
      RUNS,
    );
  });

  /** DADApy's filter: mu < q50 + 20 (q95 - q50). */
  function withoutOutliers(mu: number[]): number[] {
    const sorted = [...mu].sort((a, b) => a - b);
    const percentile = (fraction: number) => {
      const place = fraction * (sorted.length - 1);
      const below = Math.floor(place);
      return sorted[below] + (place - below) * ((sorted[below + 1] ?? sorted[below]) - sorted[below]);
    };
    const limit = percentile(0.5) + 20 * (percentile(0.95) - percentile(0.5));
    return mu.filter((m) => m < limit);
  }

  test("does not exist where all ratios are equal", () => {
    expect(gride(ratiosAt(2, [2, 2, 2]), 2).id).toBeNaN();
    expect(gride(ratiosAt(4, [1, 1, 1]), 4).id).toBeNaN();
  });

  test.each([1, 2, 5])(
    "finds the dimension of a Gaussian cloud of dimension %i, in a space of 20",
    async (dimension) => {
      const rows = gaussianRows(500, dimension, `cloud ${dimension}`);
      const axes = gaussianRows(dimension, 20, "axes");
      const embedded = rows.map((row) =>
        axes[0].map((_, column) => row.reduce((sum, x, i) => sum + x * axes[i][column], 0)),
      );
      const { clouds } = await geometryReport([{ name: "embedded", cloud: cloudOf(embedded) }]);
      const [{ id, error }] = clouds[0].intrinsicDimension;
      expect(Math.abs(id - dimension)).toBeLessThan(4 * error);
      expect(error / dimension).toBeCloseTo(1 / Math.sqrt(500), 1);
    },
  );
});

describe("2NN", () => {
  test("maximum likelihood and fit, written out", () => {
    const mu = [1.2, 3, 1.5, 2, 1.1, 4, 1.3, 2.5, 1.05, 1.7];
    const { ml, fit } = twoNN(ratiosAt(2, mu));
    expect(ml).toBeCloseTo(9 / mu.reduce((sum, m) => sum + Math.log(m), 0), 12);
    const x = [...mu]
      .sort((a, b) => a - b)
      .map(Math.log)
      .slice(0, 9);
    const y = x.map((_, i) => -Math.log(1 - (i + 1) / 10));
    const slope = x.reduce((sum, value, i) => sum + value * y[i], 0) / x.reduce((sum, value) => sum + value ** 2, 0);
    expect(fit).toBeCloseTo(slope, 12);
  });
});

test("dimensions, overlaps and angles do not change when a cloud is moved, turned and scaled; cosines not when turned", async () => {
  const rows = gaussianRows(60, 3, "rigid");
  const [cos, sin] = [Math.cos(1), Math.sin(1)];
  const turn = ([x, y, z]: number[]) => [cos * x - sin * y, sin * x + cos * y, z];
  const moved = rows.map((row) => turn(row).map((value) => 7 * value + 1000));
  const [plain, changed, turned] = (
    await geometryReport([rows, moved, rows.map(turn)].map((cloud, i) => ({ name: `${i}`, cloud: cloudOf(cloud) })))
  ).clouds;
  plain.intrinsicDimension.forEach(({ id, error, scale }, i) => {
    expect(changed.intrinsicDimension[i].id).toBeCloseTo(id, 8);
    expect(changed.intrinsicDimension[i].error).toBeCloseTo(error, 8);
    expect(changed.intrinsicDimension[i].scale).toBeCloseTo(7 * scale, 8);
  });
  expect(changed.twoNN.fit).toBeCloseTo(plain.twoNN.fit, 8);
  expect(changed.neighborAngleDegrees.mean).toBeCloseTo(plain.neighborAngleDegrees.mean, 8);
  expect(turned.cosineSimilarity.mean).toBeCloseTo(plain.cosineSimilarity.mean, 8);
});

/** The optimal neighborhoods and the two dimensions at them against DADApy 0.3.4 (tests/fixtures/make/scales.py); plateaus by hand. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { chooseBackend } from "../machine/backend/backend";
import { readNpy } from "../machine/support/npy";
import { dimensionPlateau } from "./dimensionPlateau";
import { distinctPoints } from "./distinctPoints";
import { kStar } from "./kStar";
import { kStarBinomial } from "./kStarBinomial";
import { kStarGride } from "./kStarGride";
import { type Neighbors, neighbors } from "./neighbors";
import { neighborsByDefinition } from "./neighborsByDefinition";

interface Reference {
  rounds: number[];
  error: number;
  scale: number;
  kStar: number[];
}

const FIXTURES = join(__dirname, "../../../tests/fixtures");
const EXPECTED: Record<string, { gride: Reference; binomial: Reference }> = JSON.parse(
  readFileSync(join(FIXTURES, "scales/scales.json"), "utf8"),
);

async function neighborsOf(name: string): Promise<Neighbors> {
  await chooseBackend("wasm");
  const { shape, data } = readNpy(join(FIXTURES, name === "llama-mini" ? "scales" : "geometry", `${name}.npy`));
  const cloud = distinctPoints({ values: data, points: shape[0], dimension: shape[1] });
  return neighbors(cloud, Math.min(100, cloud.points - 1));
}

/** Points of a line, with all their neighbors. */
const onLine = (...values: number[]) =>
  neighborsByDefinition({ values: Float64Array.from(values), points: values.length, dimension: 1 }, values.length - 1);

describe.each(Object.entries(EXPECTED))("%s", (name, expected) => {
  test.each([
    ["gride", kStarGride],
    ["binomial", kStarBinomial],
  ] as const)("%s", async (which, estimate) => {
    const found = estimate(await neighborsOf(name));
    const { rounds, error, scale, kStar: sizes } = expected[which];
    expect(found.rounds).toHaveLength(6);
    // DADApy ends its search for the root 1e-7 before it.
    found.rounds.forEach((id, round) => void expect(Math.abs(id - rounds[round])).toBeLessThan(1e-6));
    expect(found.id).toBe(found.rounds[5]);
    expect(Math.abs(found.error - error)).toBeLessThan(1e-6);
    expect(Math.abs(found.scale / scale - 1)).toBeLessThan(1e-6);
    expect(Array.from(found.neighborhoods)).toEqual(sizes);
  });
});

describe("k*", () => {
  // Ten points one apart, and two far from them.
  const near = onLine(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 109, 209);

  it("counts the neighbors before the first that fails the test: 4 k ln cosh(d ln(r / r') / 2) against chi-square", () => {
    // Point 10: r3 = 102 against r3 = 2 of its fourth neighbor, point 6.
    const statistic = 12 * Math.log(Math.cosh(Math.log(102 / 2) / 2));
    expect(statistic).toBeCloseTo(15.506, 3);
    // Of chi-square with one degree of freedom 8.2e-5 are above it.
    expect(kStar(near, 1, { alpha: 1e-4 })[10]).toBe(3);
    expect(kStar(near, 1, { alpha: 6e-5 })[10]).toBeGreaterThan(3);
  });

  it("does not overflow at large dimensions", () => {
    expect(kStar(near, 1e5)[10]).toBe(3);
  });

  it.each([
    ["few neighbors", () => kStar(onLine(0, 1, 3, 7), 1), "3 neighbors: 4 are the least"],
    [
      "some distances",
      () => kStar({ ...near, ranks: [1, 2, 4] }, 1),
      "not all distances are known: take neighbors(cloud, 11)",
    ],
    ["copies", () => kStar(onLine(0, 0, 1, 3, 7), 1), "two tokens coincide"],
    ["no dimension", () => kStar(near, Number.NaN), "dimension NaN: must be a number above 0"],
    ["no probability", () => kStar(near, 1, { alpha: 0 }), "alpha 0: must be between 0 and 1"],
  ])("refuses %s", (_, call, message) => {
    expect(call).toThrow(message);
  });

  it("has no dimension where 2NN has none", () => {
    const square = Float64Array.of(0, 0, 0, 1, 1, 0, 1, 1, 5, 5, 5, 6, 6, 5, 6, 6);
    const grid = neighborsByDefinition({ values: square, points: 8, dimension: 2 }, 7);
    for (const estimate of [kStarGride(grid), kStarBinomial(grid)]) {
      expect([estimate.id, estimate.error, estimate.scale, estimate.neighborhoods.length]).toEqual([NaN, NaN, NaN, 0]);
    }
  });
});

describe("a plateau", () => {
  const estimates = (ids: number[], error = 0.1) =>
    ids.map((id, i) => ({ scaling: 2 ** (i + 1), id, error: error / 2 ** (i / 2), scale: 1 }));

  it("is the longest run within two errors of its weighted mean", () => {
    const found = dimensionPlateau(estimates([9, 5.1, 5, 5.05, 5, 7]))!;
    expect([found.from, found.to]).toEqual([4, 32]);
    // Weights go as 1 / error^2: 2, 4, 8, 16.
    expect(found.id).toBeCloseTo((2 * 5.1 + 4 * 5 + 8 * 5.05 + 16 * 5) / 30, 12);
    expect(found.error).toBeCloseTo(0.1 / Math.sqrt(30), 12);
  });

  it("is nowhere on a slope, nor with two estimates", () => {
    expect(dimensionPlateau(estimates([5, 6, 7, 8, 9]))).toBeUndefined();
    expect(dimensionPlateau(estimates([5, 5]))).toBeUndefined();
    expect(dimensionPlateau([])).toBeUndefined();
  });

  it("does not cross a number that is not there", () => {
    expect(dimensionPlateau(estimates([5, 5, Number.NaN, 5, 5]))).toBeUndefined();
    expect(dimensionPlateau(estimates([5, 5, Number.NaN, 5, 5, 5]))?.from).toBe(16);
  });

  it("grows with the errors that are allowed", () => {
    const slope = estimates([5, 5.2, 5.4, 5.6]);
    expect(dimensionPlateau(slope)).toBeUndefined();
    expect(dimensionPlateau(slope, { errors: 8 })).toMatchObject({ from: 2, to: 16 });
  });
});

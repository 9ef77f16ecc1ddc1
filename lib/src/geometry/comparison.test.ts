/** Layers compared, against DADApy 0.3.4 and the definitions in NumPy (tests/fixtures/make/comparison.py), and closed forms. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { chooseBackend } from "../machine/backend/backend";
import type { Cloud } from "../machine/support/cloud";
import { readNpy } from "../machine/support/npy";
import { randomGenerator } from "../machine/support/random";
import { informationImbalance, neighborRanks } from "./informationImbalance";
import { centeredProducts, linearCKA } from "./kernelAlignment";

const FOLDER = join(__dirname, "../../../tests/fixtures/comparison");

const PAIRS: {
  from: string;
  to: string;
  informationImbalance: number;
  back: number;
  biasedCKA: number;
  unbiasedCKA: number;
}[] = JSON.parse(readFileSync(join(FOLDER, "comparison.json"), "utf8"));

function read(name: string): Cloud {
  const { shape, data } = readNpy(join(FOLDER, `${name}.npy`));
  return { values: data, points: shape[0], dimension: shape[1] };
}

/** Points along a line, or on a square, or wherever. */
const cloudOf = (rows: number[][]): Cloud => ({
  values: Float64Array.from(rows.flat()),
  points: rows.length,
  dimension: rows[0].length,
});

function randomRows(points: number, dimension: number, seed: string): number[][] {
  const uniform = randomGenerator(seed);
  return Array.from({ length: points }, () => Array.from({ length: dimension }, () => uniform() - 0.5));
}

beforeAll(() => chooseBackend("cpu"));

test.each(PAIRS)("$from and $to", async ({ from, to, ...expected }) => {
  const [a, b] = [read(from), read(to)];
  const [near, far] = [await neighborRanks(a), await neighborRanks(b)];
  expect(informationImbalance(near, far)).toBeCloseTo(expected.informationImbalance, 12);
  expect(informationImbalance(far, near)).toBeCloseTo(expected.back, 12);
  const [one, other] = [centeredProducts(a), centeredProducts(b)];
  expect(linearCKA(one, other, { unbiased: false })).toBeCloseTo(expected.biasedCKA, 10);
  expect(linearCKA(one, other)).toBeCloseTo(expected.unbiasedCKA, 10);
});

describe("information imbalance", () => {
  test("a line and its steps: what the first says, and what it does not", async () => {
    const rows = Array.from({ length: 50 }, (_, i) => [i ** 1.1, 0]);
    const line = await neighborRanks(cloudOf(rows));
    expect(informationImbalance(line, line)).toBeCloseTo(2 / 50, 15);
    const mixed = await neighborRanks(cloudOf(randomRows(50, 3, "mixed")));
    expect(informationImbalance(line, mixed)).toBeGreaterThan(0.7);
  });

  test("copies are equally near: the mean of what each of them would give, whichever stands first", async () => {
    const rows = [[0], [0], [0], [2], [5], [9]];
    const others = [[1], [4], [6], [2], [3], [30]];
    const [near, far] = [await neighborRanks(cloudOf(rows)), await neighborRanks(cloudOf(others))];
    expect([...near.nearest[0]]).toEqual([1, 2]);
    // Seen from 2 the three zeros share the ranks 1, 2, 3.
    expect([...near.ranks.subarray(18, 24)]).toEqual([2, 2, 2, 0, 4, 5]);
    const swapped = (order: number[]) =>
      Promise.all([rows, others].map((all) => neighborRanks(cloudOf(order.map((i) => all[i])))));
    const [a, b] = await swapped([2, 0, 1, 5, 3, 4]);
    expect(informationImbalance(a, b)).toBeCloseTo(informationImbalance(near, far), 14);
    expect(informationImbalance(b, a)).toBeCloseTo(informationImbalance(far, near), 14);
  });

  test("clouds of other sizes are refused", async () => {
    const [a, b] = [await neighborRanks(cloudOf([[0], [1], [3]])), await neighborRanks(cloudOf([[0], [1], [3], [4]]))];
    expect(() => informationImbalance(a, b)).toThrow(/clouds of 3 and of 4 points/);
  });
});

describe("linear CKA", () => {
  test("of a cloud and itself, turned, scaled and moved, is 1", () => {
    const rows = randomRows(30, 2, "turned");
    const turned = rows.map(([x, y]) => [5 + 0.6 * x - 0.8 * y, 0.8 * x + 0.6 * y - 2].map((value) => 7 * value));
    const [a, b] = [centeredProducts(cloudOf(rows)), centeredProducts(cloudOf(turned))];
    for (const unbiased of [true, false]) expect(linearCKA(a, b, { unbiased })).toBeCloseTo(1, 12);
  });

  test("of independent clouds with more dimensions than points: near 0 only without bias", () => {
    const [a, b] = ["one", "other"].map((seed) => centeredProducts(cloudOf(randomRows(60, 400, seed))));
    expect(Math.abs(linearCKA(a, b))).toBeLessThan(0.05);
    expect(linearCKA(a, b, { unbiased: false })).toBeGreaterThan(0.8);
  });

  test("a cloud that is one point has none; three points are too few", () => {
    const point = centeredProducts(cloudOf([[1], [1], [1], [1]]));
    const line = centeredProducts(cloudOf([[0], [1], [3], [4]]));
    expect(linearCKA(point, line)).toBeNaN();
    const three = centeredProducts(cloudOf([[0], [1], [3]]));
    expect(() => linearCKA(three, three)).toThrow(/3 points: an unbiased alignment needs 4/);
    expect(linearCKA(three, three, { unbiased: false })).toBeCloseTo(1, 14);
  });
});

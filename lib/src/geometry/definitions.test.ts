/** Each quantity against its definition, written out as plainly as it can be, on random clouds; and closed forms. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { chooseBackend } from "../machine/backend/backend";
import type { Cloud } from "../machine/support/cloud";
import { randomGenerator } from "../machine/support/random";
import { cosineSimilarity } from "./cosineSimilarity";
import { distinctPoints } from "./distinctPoints";
import { neighborAngles } from "./neighborAngles";
import { neighborhoodOverlaps } from "./neighborhoodOverlap";
import { type Neighbors, nearestNeighbors } from "./neighbors";
import { SmallestValues } from "./select";

beforeAll(() => chooseBackend("cpu"));

const RUNS = { numRuns: 40, seed: 3 };

const cloudOf = (rows: number[][]): Cloud => ({
  values: Float64Array.from(rows.flat()),
  points: rows.length,
  dimension: rows[0].length,
});

/** Points with whole coordinates: many distances are equal, many points coincide. */
const lattices = fc
  .record({ points: fc.integer({ min: 3, max: 14 }), dimension: fc.integer({ min: 1, max: 3 }) })
  .chain(({ points, dimension }) =>
    fc.array(fc.array(fc.integer({ min: -2, max: 2 }), { minLength: dimension, maxLength: dimension }), {
      minLength: points,
      maxLength: points,
    }),
  );

/** Normally distributed points (Box and Muller). */
function gaussianRows(points: number, dimension: number, seed: string): number[][] {
  const random = randomGenerator(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: points }, () => Array.from({ length: dimension }, normal));
}

const squaredDistance = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);

/** All other points by distance, then index. */
function sortedOthers(rows: number[][], point: number): number[] {
  const others = rows.map((_, index) => index).filter((index) => index !== point);
  return others.sort((a, b) => squaredDistance(rows[point], rows[a]) - squaredDistance(rows[point], rows[b]) || a - b);
}

describe("nearest neighbors", () => {
  test("are those of sorting all distances, ties by index, also among coinciding points", async () => {
    await fc.assert(
      fc.asyncProperty(lattices, async (rows) => {
        const listed = Math.min(4, rows.length - 1);
        const table = await nearestNeighbors(cloudOf(rows), listed, [1, rows.length - 1]);
        rows.forEach((_, point) => {
          const others = sortedOthers(rows, point);
          expect([...table.indices[point]]).toEqual(others.slice(0, listed));
          const [near, far] = table.distances[point];
          expect(near).toBe(Math.sqrt(squaredDistance(rows[point], rows[others[0]])));
          expect(far).toBe(Math.sqrt(squaredDistance(rows[point], rows[others[others.length - 1]])));
        });
      }),
      RUNS,
    );
  });
});

test("distinctPoints keeps the first of each set of coinciding points", () => {
  fc.assert(
    fc.property(lattices, (rows) => {
      const { values, points } = distinctPoints(cloudOf(rows));
      const kept = rows.filter((row, i) => rows.findIndex((other) => other.join() === row.join()) === i);
      expect([...values]).toEqual(kept.flat());
      expect(points).toBe(kept.length);
    }),
    RUNS,
  );
  expect(
    distinctPoints(
      cloudOf([
        [0, 1],
        [-0, 1],
        [0, 2],
      ]),
    ).points,
  ).toBe(2);
});

test("SmallestValues: the smallest in order, and everything up to the widened limit", () => {
  // Of every size, of a few sizes only, and all in one bin but for a large one.
  const positive = fc.float({ min: 0, max: Math.fround(1e38), noNaN: true });
  const few = fc.constantFrom(0, 1, Math.fround(1.0000001), 2, Math.fround(1e-40), 7);
  const value = fc.oneof(positive, few, fc.integer({ min: 100, max: 140 }));
  const inputs = fc.array(value, { minLength: 2, maxLength: 120 });
  fc.assert(
    fc.property(inputs, fc.nat(), fc.nat(), fc.constantFrom(1, 1.5), (input, first, second, factor) => {
      const skipped = first % input.length;
      const wanted = 1 + (second % (input.length - 1));
      const smallest = new SmallestValues(input.length);
      for (let repeat = 0; repeat < 2; repeat++) {
        smallest.values.set(input);
        const count = smallest.select(wanted, skipped, (limit) => limit * factor);
        const order = [...smallest.order.subarray(0, count)];
        const kept = input.map((_, index) => index).filter((index) => index !== skipped);
        const sorted = kept.map((index) => input[index]).sort((a, b) => a - b);
        expect(new Set(order).size).toBe(count);
        expect(order).not.toContain(skipped);
        expect(order.map((index) => input[index])).toEqual(sorted.slice(0, count));
        const limit = sorted[wanted - 1] * factor;
        expect(count).toBeGreaterThanOrEqual(sorted.filter((value) => value <= limit).length);
      }
    }),
    { numRuns: 500, seed: 3 },
  );
});

describe("neighborhood overlap", () => {
  /** A table of neighbor lists; everything else is of no matter here. */
  const table = (lists: number[][]): Neighbors => ({
    points: lists.length,
    count: lists[0].length,
    indices: lists.map((list) => Int32Array.from(list)),
    ranks: [],
    distances: [],
  });

  test("is the mean share of common neighbors, of random clouds", async () => {
    await fc.assert(
      fc.asyncProperty(lattices, fc.nat(1000), async (rows, seed) => {
        const other = gaussianRows(rows.length, 2, String(seed));
        const listed = rows.length - 1;
        const tables = await Promise.all([rows, other].map((cloud) => nearestNeighbors(cloudOf(cloud), listed, [])));
        const overlap = neighborhoodOverlaps(tables[0], tables[1]);
        for (let k = 1; k <= listed; k++) {
          const shares = rows.map((_, point) => {
            const [a, b] = [rows, other].map((cloud) => sortedOthers(cloud, point).slice(0, k));
            return a.filter((neighbor) => b.includes(neighbor)).length / k;
          });
          expect(overlap[k - 1]).toBeCloseTo(shares.reduce((sum, share) => sum + share, 0) / rows.length, 12);
        }
        expect(overlap[listed - 1]).toBe(1); // All others are neighbors in both.
      }),
      RUNS,
    );
  });

  test("1 of a layer with itself, 0 where no neighbor is kept, the order inside k does not matter", () => {
    const lists = [
      [1, 2],
      [2, 3],
      [3, 0],
      [0, 1],
    ];
    expect([...neighborhoodOverlaps(table(lists), table(lists))]).toEqual([1, 1]);
    const reversed = lists.map((list) => list.toReversed());
    expect([...neighborhoodOverlaps(table(lists), table(reversed))]).toEqual([0, 1]);
    const none = [[3], [0], [1], [2]];
    expect([...neighborhoodOverlaps(table(lists), table(none))]).toEqual([0]);
  });

  test("refuses layers of different sizes", () => {
    expect(() => neighborhoodOverlaps(table([[1], [0]]), table([[1], [2], [0]]))).toThrow("2 and 3 points");
  });
});

describe("cosine similarity", () => {
  test("is mean and deviation over all pairs, a zero vector at right angles to all", async () => {
    await fc.assert(
      fc.asyncProperty(lattices, async (rows) => {
        const norm = (row: number[]) =>
          Math.sqrt(
            squaredDistance(
              row,
              row.map(() => 0),
            ),
          ) || 1;
        const cosines = rows.flatMap((a) =>
          rows.map((b) => a.reduce((sum, value, i) => sum + value * b[i], 0) / norm(a) / norm(b)),
        );
        const mean = cosines.reduce((sum, value) => sum + value, 0) / cosines.length;
        const variance = cosines.reduce((sum, value) => sum + (value - mean) ** 2, 0) / cosines.length;
        const result = await cosineSimilarity(cloudOf(rows));
        expect(result.mean).toBeCloseTo(mean, 6);
        expect(result.std).toBeCloseTo(Math.sqrt(variance), 5);
      }),
      RUNS,
    );
  });

  test("1 and 0 of vectors in one direction, whatever their length", async () => {
    const { mean, std } = await cosineSimilarity(
      cloudOf([
        [1e-200, 0],
        [1e200, 0],
        [3, 0],
      ]),
    );
    expect(mean).toBeCloseTo(1, 12);
    expect(std).toBeCloseTo(0, 6);
  });
});

test("neighbor angles: of a square, of a line, of an equilateral triangle", async () => {
  const angles = async (rows: number[][]) => {
    const cloud = cloudOf(rows);
    return [...neighborAngles(cloud, await nearestNeighbors(cloud, 2, []))].map(
      (angle) => Math.round(1e6 * angle) / 1e6,
    );
  };
  expect(
    await angles([
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ]),
  ).toEqual([90, 90, 90, 90]);
  expect(await angles([[0], [1], [3]])).toEqual([0, 180, 0]);
  expect(
    await angles([
      [0, 0],
      [1, 0],
      [0.5, Math.sqrt(0.75)],
    ]),
  ).toEqual([60, 60, 60]);
});

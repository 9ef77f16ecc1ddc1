/** The compiled inner loops against the same written out, for lengths that fill their lanes and lengths that do not. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { chooseBackend } from "../machine/backend/backend";
import type { Cloud } from "../machine/support/cloud";
import { randomGenerator } from "../machine/support/random";
import { sumUp } from "./cloudSums";
import { distinctPoints, firstOnes } from "./distinctPoints";
import { gramMatrix } from "./gramMatrix";
import { inKernelMemory } from "./kernels";
import { neighborAngles } from "./neighborAngles";
import { nearestNeighbors } from "./neighbors";

beforeAll(() => chooseBackend("cpu"));

const RUNS = { numRuns: 60, seed: 3 };

test("the binary is what lib/kernels compiles to", () => {
  const build = join(__dirname, "../../kernels/build.js");
  const { status, stderr } = spawnSync(process.execPath, [build, "--check"], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

/** Float32 or float64 clouds of all shapes, some points the same, some nearly. */
const clouds = fc
  .record({
    points: fc.integer({ min: 3, max: 70 }),
    dimension: fc.integer({ min: 1, max: 19 }),
    isDouble: fc.boolean(),
    coarse: fc.boolean(),
    seed: fc.nat(),
  })
  .map(({ points, dimension, isDouble, coarse, seed }): Cloud => {
    const random = randomGenerator(String(seed));
    const values = Float32Array.from({ length: points * dimension }, () =>
      coarse ? Math.floor(3 * random()) : 10 + random(),
    );
    for (let point = 2; point < points; point += 5) values.copyWithin(point * dimension, 0, dimension);
    for (let point = 3; point < points; point += 7) values[point * dimension] += 1e-5;
    return { values: isDouble ? Float64Array.from(values) : values, points, dimension };
  });

const rowsOf = ({ values, points, dimension }: Cloud) =>
  Array.from({ length: points }, (_, point) => Array.from(values.slice(point * dimension, (point + 1) * dimension)));

test("weighted sums and squared lengths", () => {
  fc.assert(
    fc.property(clouds, (cloud) => {
      const rows = rowsOf(cloud);
      const weights = Float64Array.from(rows, (_, point) => 1 + (point % 3));
      const { squaredLengths, sum } = sumUp(cloud, weights);
      rows.forEach((row, point) => {
        const length = row.reduce((total, value) => total + value * value, 0);
        expect(Math.abs(squaredLengths[point] - length)).toBeLessThanOrEqual(1e-14 * length);
      });
      sum.forEach((total, column) => {
        const expected = rows.reduce((sum, row, point) => sum + weights[point] * row[column], 0);
        expect(Math.abs(total - expected)).toBeLessThanOrEqual(1e-13 * Math.abs(expected));
      });
    }),
    RUNS,
  );
});

test("products of centered points, within the bound on their error", async () => {
  await fc.assert(
    fc.asyncProperty(clouds, async (cloud) => {
      const { whole, center, scale, squaredNorms, relativeError } = await gramMatrix(cloud);
      const rows = rowsOf(cloud).map((row) => row.map((value, column) => (value - center[column]) * scale));
      rows.forEach((row, one) => {
        rows.slice(0, one + 1).forEach((column, other) => {
          const product = row.reduce((sum, value, i) => sum + value * column[i], 0);
          const bound = relativeError * Math.sqrt(squaredNorms[one] * squaredNorms[other]);
          expect(Math.abs(whole![one * cloud.points + other] - product)).toBeLessThanOrEqual(bound);
          if (one === other) expect(Math.abs(squaredNorms[one] - product)).toBeLessThanOrEqual(1e-12 * product);
        });
      });
    }),
    RUNS,
  );
});

test("nearest neighbors and the angles between them, also of copies and of points that nearly coincide", async () => {
  await fc.assert(
    fc.asyncProperty(clouds, async (cloud) => {
      const rows = rowsOf(cloud);
      const listed = Math.min(31, rows.length - 1);
      const ranks = [1, 2, rows.length - 1];
      const table = await nearestNeighbors(cloud, listed, ranks);
      const angles = neighborAngles(cloud, table);
      rows.forEach((row, point) => {
        const squares = rows.map((other) => row.reduce((sum, value, i) => sum + (value - other[i]) ** 2, 0));
        const order = rows.map((_, other) => other).filter((other) => other !== point);
        order.sort((a, b) => squares[a] - squares[b] || a - b);
        const found = Array.from(table.indices[point]);
        // Sums of many squares are added up in another order here: their last digit may differ.
        found.forEach((other, place) => {
          const expected = squares[order[place]];
          if (other !== order[place]) {
            expect(Math.abs(squares[other] - expected)).toBeLessThanOrEqual(1e-14 * expected);
            expect(squares[other]).toBeGreaterThan(0);
          }
        });
        ranks.forEach((rank, i) => {
          const expected = Math.sqrt(squares[order[rank - 1]]);
          const distance = table.distances[point][i];
          expect(Math.abs(distance - expected)).toBeLessThanOrEqual(1e-14 * expected);
        });
        const [toA, toB] = [found[0], found[1]].map((other) => row.map((value, i) => value - rows[other][i]));
        const product = toA.reduce((sum, value, i) => sum + value * toB[i], 0);
        const cosine = product / Math.sqrt(squares[found[0]]) / Math.sqrt(squares[found[1]]);
        if (squares[found[0]] === 0 || squares[found[1]] === 0) expect(angles[point]).toBeNaN();
        else expect(Math.cos((angles[point] * Math.PI) / 180)).toBeCloseTo(cosine, 12);
      });
    }),
    RUNS,
  );
});

test.each([Float32Array, Float64Array])("copies of a point are found wherever they stand, %o", (Values) => {
  const random = randomGenerator("copies");
  for (let dimension = 1; dimension <= 41; dimension++) {
    const points = 7; // Four that are summed up together, three that are not.
    const row = Array.from({ length: dimension }, () => random() - 0.5);
    const cloud = { values: Values.from(Array.from({ length: points }, () => row).flat()), points, dimension };
    const { squaredLengths } = sumUp(cloud);
    expect(new Set(squaredLengths).size).toBe(1);
    expect(Array.from(firstOnes(cloud, squaredLengths))).toEqual(new Array(points).fill(0));
    expect(distinctPoints(cloud).points).toBe(1);
  }
});

test("hashes of points whose coordinates come a few at a time: the same for the same coordinates only", () => {
  const random = randomGenerator("hashes");
  const points = 200;
  const columns = 13;
  const values = Float32Array.from({ length: points * columns }, random);
  values.copyWithin(5 * columns, 0, columns);
  values.fill(0, 7 * columns, 8 * columns).fill(-0, 9 * columns, 10 * columns);
  for (let point = 20; point < 20 + columns; point++) {
    values.copyWithin(point * columns, 0, columns);
    values[point * columns + point - 20] += 2 ** -20;
  }
  const cloud = { values, points, dimension: columns };
  const hashes = inKernelMemory(cloud, (memory, valuesAt) => {
    const hashesAt = memory.place(new Int32Array(2 * points));
    for (let time = 0; time < 2; time++) memory.call.hashOnto(valuesAt, points, columns, hashesAt);
    return memory.int32(hashesAt, 2 * points).slice();
  });
  const keys = Array.from({ length: points }, (_, point) => `${hashes[2 * point]},${hashes[2 * point + 1]}`);
  expect(keys[5]).toBe(keys[0]);
  expect(keys[9]).toBe(keys[7]);
  expect(new Set(keys).size).toBe(points - 2);
});

test("a cloud that WebAssembly cannot address is refused", () => {
  const cloud = { values: { byteLength: 2 ** 32 } as Float32Array, points: 2 ** 20, dimension: 1024 };
  expect(() => sumUp(cloud)).toThrow("4.0 GiB; up to 3.5 GiB can be measured");
});

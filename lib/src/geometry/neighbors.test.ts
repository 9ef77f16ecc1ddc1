/** What a user calls on a cloud: the fast neighbors against their definition, and each quantity against the metrics. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { onEachBackend } from "../../../tests/support/backends";
import { chooseBackend } from "../machine/backend/backend";
import type { Cloud } from "../machine/support/cloud";
import { randomGenerator } from "../machine/support/random";
import { cosineSimilarity } from "./cosineSimilarity";
import { distinctPoints } from "./distinctPoints";
import { gride, rangeScalings } from "./gride";
import { LayerCloud } from "./layerCloud";
import { toMatrix } from "./matrix";
import { meanAndDeviation } from "./metric";
import { measureLayer } from "./metrics";
import { neighborAngles } from "./neighborAngles";
import { neighborhoodOverlap } from "./neighborhoodOverlap";
import { neighbors } from "./neighbors";
import { neighborsByDefinition } from "./neighborsByDefinition";
import { twoNN } from "./twoNN";

/** Uniform coordinates; every `copied`-th point is a copy of the first. */
function randomCloud(points: number, dimension: number, seed: string, isDouble = false, copied = Infinity): Cloud {
  const random = randomGenerator(seed);
  const values = Float64Array.from({ length: points * dimension }, () => 3 + random());
  for (let point = copied; point < points; point += copied) values.copyWithin(point * dimension, 0, dimension);
  return { values: isDouble ? values : Float32Array.from(values), points, dimension };
}

onEachBackend("neighbors", (useBackend) => {
  beforeAll(useBackend);

  test.each([
    ["float32", false, Infinity],
    ["float64", true, Infinity],
    ["with copies", false, 4],
  ])("are those of the definition: %s", async (_, isDouble, copied) => {
    for (const dimension of [1, 3, 20]) {
      const cloud = randomCloud(60, dimension, `${dimension}`, isDouble, copied);
      const [near, expected] = [await neighbors(cloud, 40), neighborsByDefinition(cloud, 40)];
      expect(near.indices).toEqual(expected.indices);
      near.distances.forEach((row, point) => {
        row.forEach((distance, k) => {
          const other = expected.distances[point][k];
          // Sums of squares are added up in another order.
          expect(Math.abs(distance - other)).toBeLessThanOrEqual(1e-14 * other);
        });
      });
    }
  });
});

describe("neighbors", () => {
  beforeAll(() => chooseBackend("cpu"));

  test("of whole coordinates, where many distances are equal, to the bit", async () => {
    const lattices = fc.array(fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 3, maxLength: 3 }), {
      minLength: 3,
      maxLength: 14,
    });
    await fc.assert(
      fc.asyncProperty(lattices, async (rows) => {
        const cloud = { values: Float64Array.from(rows.flat()), points: rows.length, dimension: 3 };
        expect(await neighbors(cloud, rows.length - 1)).toEqual(neighborsByDefinition(cloud, rows.length - 1));
      }),
      { numRuns: 40, seed: 3 },
    );
  });

  test("are those of the values that a cloud has now", async () => {
    const cloud = randomCloud(10, 2, "now");
    const before = [await neighbors(cloud, 3), await cosineSimilarity(cloud)];
    cloud.values.set(randomCloud(10, 2, "then").values);
    const after = [await neighbors(cloud, 3), await cosineSimilarity(cloud)];
    expect(after).not.toEqual(before);
    expect(after[0]).toEqual(await neighbors({ ...cloud }, 3));
  });

  test("are refused where there are not so many, or the cloud is none", async () => {
    const cloud = randomCloud(10, 2, "refused");
    for (const count of [0, 10, 1.5]) {
      await expect(neighbors(cloud, count)).rejects.toThrow(`neighbor ${count} of 10 points: must be a whole number`);
      expect(() => neighborsByDefinition(cloud, count)).toThrow("from 1 to 9");
    }
    await expect(neighbors({ ...cloud, dimension: 3 }, 2)).rejects.toThrow("10 points in 3 dimensions have 30");
    await expect(neighbors({ ...cloud, values: cloud.values.fill(NaN) }, 2)).rejects.toThrow("must be finite numbers");
  });
});

describe("each quantity is that of the metrics", () => {
  const [cloud, next] = ["one", "next"].map((seed) => randomCloud(70, 12, seed, false, 10));
  let expected: Awaited<ReturnType<typeof measureLayer>>;

  beforeAll(async () => {
    await chooseBackend("cpu");
    const before = new LayerCloud(next, "next");
    expected = await measureLayer(new LayerCloud(cloud, "one"), await before.neighbors());
  });

  test("dimensions, of the distinct points", async () => {
    const distinct = distinctPoints(cloud);
    expect(distinct.points).toBe(64);
    const near = await neighbors(distinct, 32);
    const estimates = rangeScalings(64).map((scaling) => gride(near, scaling));
    expect(estimates).toEqual(expected.intrinsicDimension);
    expect(twoNN(near)).toEqual(expected.twoNN);
    expect(meanAndDeviation(neighborAngles(distinct, near)).mean).toBe(expected.neighborAngle.mean);
  });

  test("overlap and cosine similarity, of all", async () => {
    const [from, to] = [await neighbors(next, 31), await neighbors(cloud, 31)];
    for (const k of [1, 2, 31]) expect(neighborhoodOverlap(from, to, k)).toBe(expected.neighborhoodOverlap[k - 1]);
    const { mean, std } = await cosineSimilarity(cloud);
    expect({ mean, std }).toEqual(expected.cosineSimilarity);
    const x = toMatrix(cloud);
    const gram = x.mmul(x.transpose());
    const lengths = gram.diagonal().map(Math.sqrt);
    const cosines = gram.to2DArray().flatMap((row, i) => row.map((product, j) => product / lengths[i] / lengths[j]));
    const plain = meanAndDeviation(Float64Array.from(cosines));
    expect(mean).toBeCloseTo(plain.mean, 7);
    expect(std).toBeCloseTo(plain.std, 7);
  });
});

describe("what cannot be measured is refused by name", () => {
  beforeAll(() => chooseBackend("cpu"));

  test("copies, neighbors that are not listed, other clouds", async () => {
    const near = await neighbors(randomCloud(20, 2, "some"), 4);
    const copies = await neighbors(randomCloud(20, 2, "some", false, 5), 4);
    for (const estimate of [() => gride(copies, 2), () => gride(copies, 4), () => twoNN(copies)])
      expect(estimate).toThrow("two tokens coincide (point 0 and its neighbor): take distinctPoints(cloud)");
    expect(() => gride(near, 8)).toThrow("the distance to neighbor 8 is not known: take neighbors(cloud, 8)");
    for (const scaling of [0, 3, -2, NaN]) expect(() => gride(near, scaling)).toThrow("must be an even number");
    expect(() => neighborhoodOverlap(near, near, 5)).toThrow("from 1 to the 4 that are listed");
    expect(() => neighborAngles(randomCloud(19, 2, "other"), near)).toThrow("two of each of 19 points are needed");
  });
});

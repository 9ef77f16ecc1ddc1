import { beforeAll, describe, expect, test } from "vitest";
import { chooseBackend } from "../machine/backend/backend";
import type { Cloud } from "../machine/support/cloud";
import { randomGenerator } from "../machine/support/random";
import { cloudView } from "./cloudView";
import { localDimensions } from "./localDimension";
import { neighborsByDefinition } from "./neighborsByDefinition";
import { principalComponents } from "./principalComponents";
import { trustworthiness } from "./trustworthiness";

beforeAll(() => chooseBackend("wasm"));

const random = randomGenerator("cloud view");
const cloudOf = (points: number, dimension: number): Cloud<Float32Array> => {
  return { values: Float32Array.from({ length: points * dimension }, () => 2 * random() - 1), points, dimension };
};
/** The same points, turned by a right angle in two of their coordinates, twice as large, and moved. */
const moved = ({ values, points, dimension }: Cloud<Float32Array>): Cloud<Float32Array> => {
  const turned = (i: number) =>
    i % dimension === 0 ? -values[i + 1] : i % dimension === 1 ? values[i - 1] : values[i];
  return { values: values.map((_, i) => 2 * turned(i) + 5), points, dimension };
};
const runOf = (hidden: Cloud<Float32Array>[]) => {
  const ids = [...new Array(hidden[0].points).keys()];
  return { tokens: { ids, pieces: ids.map(String) }, hidden, tokenLoss: Float64Array.from(ids.slice(1)) };
};

describe("the clouds of a text", () => {
  test("are principal components of one size, with what is true in the full space", async () => {
    const [cloud] = [cloudOf(40, 6)];
    const { layers, neighbors, width, losses, pieces } = await cloudView(runOf([cloud]));
    expect([layers.length, neighbors, width, losses[0], losses[39], pieces[39]]).toEqual([
      1,
      8,
      6,
      Number.NaN,
      39,
      "39",
    ]);
    const [{ pictures, norms, dimensions, nearest }] = layers;
    for (const [i, picture] of pictures.entries()) {
      const { projection, share, variances } = principalComponents(cloud, 2 + i);
      expect(picture.share).toBeCloseTo(share, 12);
      const size = Math.sqrt(variances.reduce((sum, variance) => sum + variance, 0));
      picture.points.values.forEach((value, place) => {
        expect(value * size).toBeCloseTo(projection.values[place], 10);
      });
      expect(picture.trustworthiness).toBeCloseTo(await trustworthiness(cloud, projection, 8), 12);
    }
    expect(norms[0]).toBeCloseTo(Math.hypot(...cloud.values.subarray(0, 6)), 12);
    expect(dimensions).toEqual(await localDimensions(cloud));
    expect(nearest.map((row) => [...row])).toEqual(neighborsByDefinition(cloud, 8).indices.map((row) => [...row]));
  });

  test("of a layer that is the one before, turned, moved and larger, is the same picture", async () => {
    const first = cloudOf(30, 5);
    const { layers } = await cloudView(runOf([first, moved(first)]));
    for (const i of [0, 1]) {
      const [before, after] = layers.map(({ pictures }) => pictures[i].points.values);
      after.forEach((value, place) => {
        expect(value).toBeCloseTo(before[place], 4);
      });
    }
  });

  test("need tokens enough; ids without a tokenizer stand for themselves; tokens that all coincide stay in the middle", async () => {
    await expect(cloudView(runOf([cloudOf(6, 4)]))).resolves.toMatchObject({ neighbors: 2 });
    expect((await cloudView(runOf([cloudOf(3, 4)]))).layers[0].pictures[1].share).toBeCloseTo(1, 6);
    await expect(cloudView(runOf([cloudOf(2, 4)]))).rejects.toThrow("the cloud: has 2 points; at least 3 are needed");
    await expect(cloudView(runOf([cloudOf(10, 4)]), 5)).rejects.toThrow("trustworthiness of 5 neighbors of 10 points");
    const same = { values: new Float32Array(32).fill(2), points: 8, dimension: 4 };
    const run = { ...runOf([same]), tokens: { ids: [3, 1, 4, 1, 5, 9, 2, 6], pieces: [] } };
    const { pieces, layers, neighbors } = await cloudView(run);
    expect([pieces[4], neighbors, Math.max(...layers[0].pictures[1].points.values)]).toEqual(["5", 3, 0]);
    expect([layers[0].pictures[0].share, layers[0].dimensions[0]]).toEqual([Number.NaN, Number.NaN]);
  });
});

/** Features as large as trained models have them, in wide vectors: what is summed over them keeps its digits on every backend. */
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { onEachBackend } from "../../../tests/support/backends";
import { randomGenerator } from "../machine/support/random";
import { cosineSimilarity } from "./cosineSimilarity";
import { neighbors } from "./neighbors";
import { twoNN } from "./twoNN";

const POINTS = 40;

/** Vectors of about length 130 with a feature near 30,000 in all of them, and another of up to that. */
function massiveCloud(dimension: number) {
  const uniform = randomGenerator(`massive features of ${dimension}`);
  const size = 130 * Math.sqrt(3 / dimension);
  const values = Float32Array.from({ length: POINTS * dimension }, () => size * (2 * uniform() - 1));
  for (let point = 0; point < POINTS; point++) {
    values[point * dimension + 5] += 30_000;
    values[point * dimension + Math.floor(dimension / 2)] -= point === 0 ? 30_000 : 3 * uniform();
  }
  return { values, points: POINTS, dimension };
}

onEachBackend("massive features", (useBackend) => {
  beforeAll(useBackend);

  describe.each([576, 2048, 8192])("in %i dimensions", (dimension) => {
    const cloud = massiveCloud(dimension);
    const rows = Array.from({ length: POINTS }, (_, i) => [
      ...cloud.values.subarray(i * dimension, (i + 1) * dimension),
    ]);

    test("distances and 2NN are those of the definition in float64", async () => {
      const near = await neighbors(cloud, 2);
      const exact = rows.map((row) => {
        const distances = rows.map((other) =>
          Math.sqrt(row.reduce((sum, value, i) => sum + (value - other[i]) ** 2, 0)),
        );
        return distances.sort((a, b) => a - b).slice(1, 3);
      });
      const logRatios = exact.map(([first, second]) => Math.log(second / first));
      const sum = logRatios.reduce((total, one) => total + one, 0);
      expect(Math.abs((twoNN(near).ml * sum) / (POINTS - 1) - 1)).toBeLessThan(1e-12);
    });

    test("the cosine similarity is that of the definition in float64", async () => {
      const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
      const lengths = rows.map((row) => Math.sqrt(dot(row, row)));
      const cosines = rows.flatMap((row, i) => rows.map((other, j) => dot(row, other) / (lengths[i] * lengths[j])));
      const mean = cosines.reduce((sum, one) => sum + one, 0) / cosines.length;
      expect(Math.abs((await cosineSimilarity(cloud)).mean - mean)).toBeLessThan(1e-9);
    });
  });

  test.each([1024, 8192])("softmax over %i keys adds up as in float64", async (keys) => {
    const uniform = randomGenerator(`softmax over ${keys}`);
    const scores = Float32Array.from({ length: 3 * keys }, () => 12 * uniform() - 6);
    const shares = await tf.tidy(() => tf.softmax(tf.tensor2d(scores, [3, keys]))).data();
    for (let row = 0; row < 3; row++) {
      const weights = [...scores.subarray(row * keys, (row + 1) * keys)].map(Math.exp);
      const sum = weights.reduce((total, weight) => total + weight, 0);
      const errors = weights.map((weight, key) => Math.abs((shares[row * keys + key] * sum) / weight - 1));
      expect(errors.reduce((largest, error) => Math.max(largest, error), 0)).toBeLessThan(2e-6);
    }
  });
});

/** The norms against their definitions in float64, with features as large as those that trained models have. */
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { onEachBackend } from "../../../tests/support/backends";
import { randomGenerator } from "../machine/support/random";
import { layerNorm, rmsNorm } from "./normalization";

const EPSILON = 1e-5;
const TOKENS = 6;

/** Rows of about `norm` (Euclidean), and one entry of `largest` in each. [TOKENS, width] */
function rows(width: number, norm: number, largest: number): Float32Array {
  const uniform = randomGenerator(`rows of ${width}`);
  const size = norm * Math.sqrt(3 / width);
  const values = Float32Array.from({ length: TOKENS * width }, () => size * (2 * uniform() - 1));
  for (let row = 0; row < TOKENS; row++) values[row * width + ((row * 97) % width)] = largest;
  return values;
}

function exactNorm(values: Float32Array, width: number, weight: Float32Array, centered: boolean): number[] {
  return Array.from({ length: TOKENS }, (_, token) => {
    const row = [...values.subarray(token * width, (token + 1) * width)];
    const mean = centered ? row.reduce((sum, value) => sum + value, 0) / width : 0;
    const meanSquare = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    return row.map((value, feature) => ((value - mean) / Math.sqrt(meanSquare + EPSILON)) * weight[feature]);
  }).flat();
}

/** Every value to 1e-6 of itself, or of 1 where it is smaller than that. */
function expectClose(actual: ArrayLike<number>, expected: number[]): void {
  const errors = expected.map((value, i) => Math.abs(actual[i] - value) / Math.max(1, Math.abs(value)));
  expect(errors.length).toBe(actual.length);
  expect(errors.reduce((largest, error) => Math.max(largest, error), 0)).toBeLessThan(1e-6);
}

onEachBackend("norms", (useBackend) => {
  beforeAll(useBackend);

  // Width 577 is odd at every halving but one; 24000 beside 130 is SmolLM2-135M's first token after block 12.
  test.each([
    [3, 1, 2],
    [576, 130, 24000],
    [577, 500, 24000],
    [2048, 130, 24000],
    [4096, 20, 3000],
    [8192, 130, 30000],
  ])("%i features of norm %d beside one of %d", async (width, norm, largest) => {
    const values = rows(width, norm, largest);
    const weight = Float32Array.from({ length: width }, (_, feature) => 1 + (feature % 7) / 10);
    const before = tf.memory().numTensors;
    const results = tf.tidy(() => {
      const hidden = tf.tensor2d(values, [TOKENS, width]);
      const scale = tf.tensor1d(weight);
      const heads = tf.transpose(tf.tensor3d(values, [2, TOKENS / 2, width]), [0, 2, 1]); // [heads, headDimension, T]
      const weights = { "norm.weight": scale, "norm.bias": tf.zeros([width]) };
      return [
        rmsNorm(hidden, scale, EPSILON),
        tf.transpose(rmsNorm(heads, scale, EPSILON), [0, 2, 1]),
        layerNorm(hidden, weights, "norm", EPSILON),
      ];
    });
    const [rms, byHead, layer] = await Promise.all(results.map((result) => result.data()));
    tf.dispose(results);
    expect(tf.memory().numTensors).toBe(before);
    expectClose(rms, exactNorm(values, width, weight, false));
    expectClose(byHead, exactNorm(values, width, weight, false));
    expectClose(layer, exactNorm(values, width, weight, true));
  });
});

/** What a backend does otherwise gives the numbers of the plain operators, and both those of the definitions. */
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { onEachBackend } from "../../../../tests/support/backends";
import { randomGenerator } from "../support/random";
import { operators } from "./operators";
import { type Operators, plainOperators } from "./plainOperators";

const [ROWS, WIDTH] = [5, 131];
const uniform = randomGenerator("operators");
const VALUES = Float32Array.from({ length: ROWS * WIDTH }, () => 12 * uniform() - 6);
const row = (index: number) => [...VALUES.subarray(index * WIDTH, (index + 1) * WIDTH)];
const everyRow = (value: (row: number[]) => number) => Array.from({ length: ROWS }, (_, index) => value(row(index)));
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** x Phi(x), with the error function by its series around zero. */
function gelu(x: number): number {
  const z = x / Math.SQRT2;
  let [sum, term] = [0, z];
  for (let n = 0; n < 120; n++) {
    sum += term / (2 * n + 1);
    term *= -(z * z) / (n + 1);
  }
  return (x / 2) * (1 + (2 / Math.sqrt(Math.PI)) * sum);
}

/** Each operator on the same numbers. */
const uses: Record<string, (own: Operators) => Promise<number[]>> = {
  gelu: async (own) => [...(await own.gelu(tf.tensor2d(VALUES, [ROWS, WIDTH])).data())],
  "meanOfFeatures of tokens": async (own) => [...(await own.meanOfFeatures(tf.tensor2d(VALUES, [ROWS, WIDTH])).data())],
  "meanOfFeatures of heads": async (own) => {
    const heads = tf.transpose(tf.tensor3d(VALUES, [1, ROWS, WIDTH]), [0, 2, 1]); // [1, WIDTH, ROWS]
    return [...(await own.meanOfFeatures(heads).data())];
  },
  layerNorm: async (own) => {
    const [scale, offset] = [tf.fill([WIDTH], 2), tf.fill([WIDTH], 3)];
    return [...(await own.layerNorm(tf.tensor2d(VALUES, [ROWS, WIDTH]), scale, offset, 1e-5).data())];
  },
  logitSums: async (own) => {
    const { largest, sum, weighted } = await own.logitSums(tf.tensor2d(VALUES, [ROWS, WIDTH]));
    return [largest, sum, weighted].flatMap((values) => Array.from(values));
  },
};

const expected: Record<keyof typeof uses, number[]> = {
  gelu: [...VALUES].map(gelu),
  "meanOfFeatures of tokens": everyRow(mean),
  "meanOfFeatures of heads": everyRow(mean),
  layerNorm: Array.from({ length: ROWS }, (_, index) => row(index)).flatMap((values) => {
    const variance = mean(values.map((value) => (value - mean(values)) ** 2));
    return values.map((value) => 3 + (2 * (value - mean(values))) / Math.sqrt(variance + 1e-5));
  }),
  logitSums: [
    ...everyRow((values) => Math.max(...values)),
    ...everyRow((values) => values.reduce((sum, x) => sum + Math.exp(x - Math.max(...values)), 0)),
    ...everyRow((values) => {
      const largest = Math.max(...values);
      return values.reduce((sum, x) => sum + (x - largest) * Math.exp(x - largest), 0);
    }),
  ],
};

onEachBackend("operators", (useBackend) => {
  beforeAll(useBackend);

  test.each(Object.keys(uses))("%s: plain, as here, and by the definition", async (name) => {
    tf.engine().startScope();
    for (const own of [plainOperators, operators()]) {
      const actual = await uses[name](own);
      expect(actual).toHaveLength(expected[name].length);
      const largest = Math.max(...expected[name].map(Math.abs));
      for (const [i, value] of actual.entries())
        expect(Math.abs(value - expected[name][i])).toBeLessThan(1e-6 * largest);
    }
    tf.engine().endScope();
  });
});

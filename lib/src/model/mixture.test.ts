/** A mixture of experts against its definition, on every backend: what it computes, and which experts it asks for. */
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { onEachBackend } from "../../../tests/support/backends";
import type { MixtureBlock, PassContext } from "./architecture";
import { bestOfSoftmax, runMixture } from "./mixture";

/** Expert e multiplies by this. */
const FACTORS = [3, -2, 5, 7];

/** One feature a token, which is also its score for expert 0; the scores of the others are constant. */
const TOKENS = [4, -3, 0.5];
const [WEIGHTS, BIASES] = [
  [1, 0, 0, 0],
  [0, 1, 0.25, -9],
];

/** What a token becomes: both best experts' outputs, by their shares. */
function expected(token: number, normalized: boolean): number {
  const scores = WEIGHTS.map((weight, expert) => Math.exp(weight * token + BIASES[expert]));
  const best = [...scores.keys()].sort((a, b) => scores[b] - scores[a]).slice(0, 2);
  const total = (normalized ? best.map((expert) => scores[expert]) : scores).reduce((sum, score) => sum + score, 0);
  return best.reduce((sum, expert) => sum + (scores[expert] / total) * FACTORS[expert] * token, 0);
}

onEachBackend("a mixture of experts", (useBackend) => {
  beforeAll(useBackend);

  test.each([true, false])(
    "each token by the two experts with the highest scores; shares normalized: %s",
    async (normalized) => {
      const asked: number[] = [];
      const block: MixtureBlock = {
        count: FACTORS.length,
        attend: (_, hidden) => ({ attended: tf.mul(hidden, 10), read: tf.clone(hidden) }),
        score: (input, { weights, biases }) => tf.add(tf.matMul(input, weights as tf.Tensor2D), biases),
        choose: (scores) => bestOfSoftmax(scores, 2, normalized),
        applyExpert: (input, { factor }) => tf.mul(input, factor),
        write: (_, attended, output) => tf.add(attended, output),
      };
      const before = tf.memory().numTensors;
      const weights = { weights: tf.tensor2d(WEIGHTS, [1, 4]), biases: tf.tensor1d(BIASES) };
      const hidden = tf.tensor2d(TOKENS, [3, 1]);
      const output = await runMixture(block, weights, hidden, {} as PassContext, (expert) => {
        asked.push(expert);
        return { factor: tf.scalar(FACTORS[expert]) };
      });
      const values = await output.data();
      tf.dispose([weights, hidden, output]);
      for (const [i, token] of TOKENS.entries())
        expect(values[i]).toBeCloseTo(10 * token + expected(token, normalized), 5);
      // Expert 3 is nobody's choice, and is not read.
      expect(asked).toEqual([0, 1, 2]);
      expect(tf.memory().numTensors).toBe(before);
    },
  );
});

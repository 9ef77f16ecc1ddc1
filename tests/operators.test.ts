/**
 * Every operator that a transformer and the geometry need, on every backend that works here, against plain JavaScript; then the
 * corner cases. With the environment variable OPERATOR_TABLE set, prints the tables of docs/tensorflow.md.
 */
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, expect, it } from "vitest";
import { chooseBackend } from "../lib/src/machine/backend/backend";
import { onEachBackend } from "./support/backends";

type Results = tf.Tensor | tf.Tensor[];
type Case = [name: string, run: () => Results];

const normal = (shape: number[], seed: number): tf.Tensor => tf.randomNormal(shape, 0, 1, "float32", seed);
const ints = (values: number[]): tf.Tensor1D => tf.tensor1d(values, "int32");

/** Ordinary use. Inputs are seeded, so that every backend gets the same numbers. */
const ORDINARY: Case[] = [
  ["matMul", () => tf.matMul(normal([200, 300], 1), normal([300, 150], 2))],
  ["matMul, first transposed", () => tf.matMul(normal([300, 200], 1), normal([300, 150], 2), true)],
  ["matMul, second transposed", () => tf.matMul(normal([200, 300], 1), normal([150, 300], 2), false, true)],
  ["matMul, 8 batches", () => tf.matMul(normal([8, 100, 32], 1), normal([8, 32, 100], 2))],
  [
    "matMul, 8 batches, second transposed",
    () => tf.matMul(normal([8, 100, 32], 1), normal([8, 100, 32], 2), false, true),
  ],
  ["matMul, batch broadcast", () => tf.matMul(normal([8, 100, 32], 1), normal([1, 32, 100], 2))],
  [
    "fused.matMul, bias and relu",
    () =>
      tf.fused.matMul({
        a: normal([64, 96], 1) as tf.Tensor2D,
        b: normal([96, 32], 2) as tf.Tensor2D,
        bias: normal([32], 3),
        activation: "relu",
      }),
  ],
  ["einsum bqd,bkd->bqk", () => tf.einsum("bqd,bkd->bqk", normal([4, 50, 16], 1), normal([4, 60, 16], 2))],
  ["softmax", () => tf.softmax(normal([8, 100, 100], 1))],
  ["logSoftmax", () => tf.logSoftmax(normal([100, 500], 1))],
  ["logSumExp", () => tf.logSumExp(normal([100, 500], 1), -1)],
  [
    "topk values, indices",
    () => {
      const { values, indices } = tf.topk(normal([100, 500], 1), 33);
      return [values, indices];
    },
  ],
  ["gather", () => tf.gather(normal([1000, 64], 1), ints([0, 999, 5, 5, 17]))],
  ["gather, axis 1", () => tf.gather(normal([50, 64], 1), ints([0, 63, 5]), 1)],
  [
    "gatherND",
    () =>
      tf.gatherND(
        normal([50, 64], 1),
        tf.tensor2d(
          [
            [0, 1],
            [49, 63],
          ],
          [2, 2],
          "int32",
        ),
      ),
  ],
  ["oneHot", () => tf.oneHot(ints([0, 3, 9]), 10)],
  ["slice", () => tf.slice(normal([50, 64], 1), [10, 5], [20, -1])],
  ["stridedSlice", () => tf.stridedSlice(normal([50, 64], 1), [0, 1], [50, 64], [1, 2])],
  ["concat", () => tf.concat([normal([5, 6], 1), normal([5, 7], 2)], 1)],
  ["stack", () => tf.stack([normal([5, 6], 1), normal([5, 6], 2)])],
  ["unstack", () => tf.unstack(normal([5, 6], 1))],
  ["split", () => tf.split(normal([5, 6], 1), 3, 1)],
  ["transpose", () => tf.transpose(normal([20, 8, 32], 1), [1, 0, 2])],
  ["reshape", () => tf.reshape(normal([20, 256], 1), [20, 8, 32])],
  ["tile", () => tf.tile(normal([2, 3], 1), [2, 2])],
  [
    "pad",
    () =>
      tf.pad(
        normal([5, 6], 1),
        [
          [1, 0],
          [0, 2],
        ],
        -1,
      ),
  ],
  ["reverse", () => tf.reverse(normal([5, 6], 1), 1)],
  ["range", () => tf.range(0, 1024, 1, "int32")],
  ["cast to int32", () => tf.cast(tf.mul(normal([1000], 1), 100), "int32")],
  ["cast of bool", () => tf.cast(tf.greater(normal([1000], 1), 0), "float32")],
  ["add, broadcast", () => tf.add(normal([50, 64], 1), normal([64], 2))],
  ["sub", () => tf.sub(normal([50, 64], 1), normal([50, 1], 2))],
  ["mul", () => tf.mul(normal([50, 64], 1), normal([50, 64], 2))],
  ["div", () => tf.div(normal([50, 64], 1), tf.add(tf.abs(normal([50, 64], 2)), 0.1))],
  ["squaredDifference", () => tf.squaredDifference(normal([50, 64], 1), normal([50, 64], 2))],
  ["pow", () => tf.pow(tf.abs(normal([1000], 1)), 1.7)],
  ["maximum", () => tf.maximum(normal([50, 64], 1), 0)],
  ["neg", () => tf.neg(normal([1000], 1))],
  ["abs", () => tf.abs(normal([1000], 1))],
  ["square", () => tf.square(normal([1000], 1))],
  ["sqrt", () => tf.sqrt(tf.abs(normal([1000], 1)))],
  ["rsqrt", () => tf.rsqrt(tf.add(tf.abs(normal([1000], 1)), 0.01))],
  ["exp", () => tf.exp(normal([1000], 1))],
  ["log", () => tf.log(tf.add(tf.abs(normal([1000], 1)), 0.01))],
  ["log1p", () => tf.log1p(tf.abs(normal([1000], 1)))],
  ["erf", () => tf.erf(normal([1000], 1))],
  ["sigmoid", () => tf.sigmoid(normal([1000], 1))],
  ["tanh", () => tf.tanh(normal([1000], 1))],
  ["relu", () => tf.relu(normal([1000], 1))],
  ["sin", () => tf.sin(tf.mul(normal([1000], 1), 300))],
  ["cos", () => tf.cos(tf.mul(normal([1000], 1), 300))],
  ["acos", () => tf.acos(tf.clipByValue(normal([1000], 1), -1, 1))],
  ["clipByValue", () => tf.clipByValue(normal([1000], 1), -1, 1)],
  ["mean", () => tf.mean(normal([50, 4096], 1), -1)],
  ["sum", () => tf.sum(normal([50, 4096], 1), -1)],
  ["max", () => tf.max(normal([50, 4096], 1), -1)],
  ["min", () => tf.min(normal([50, 4096], 1), -1)],
  ["argMax", () => tf.argMax(normal([50, 4096], 1), -1)],
  ["cumsum", () => tf.cumsum(normal([50, 400], 1), 1)],
  ["moments variance", () => tf.moments(normal([50, 4096], 1), -1).variance],
  ["where", () => tf.where(tf.greater(normal([50, 64], 1), 0), normal([50, 64], 2), normal([50, 64], 3))],
  ["less", () => tf.less(normal([50, 64], 1), 0)],
  ["greaterEqual", () => tf.greaterEqual(tf.range(0, 10, 1, "int32"), tf.scalar(5, "int32"))],
  ["logicalAnd", () => tf.logicalAnd(tf.greater(normal([50], 1), 0), tf.less(normal([50], 2), 0))],
  ["isNaN", () => tf.isNaN(tf.tensor1d([1, Number.NaN, Number.POSITIVE_INFINITY]))],
  ["linalg.bandPart", () => tf.linalg.bandPart(tf.ones([64, 64]), -1, 0)],
];

/** Corner cases: printed as values, side by side. */
const CORNERS: Case[] = [
  ["topk of equal values, indices", () => tf.topk(tf.tensor2d([[1, 2, 2, 2, 1, 2]]), 3).indices],
  ["topk with NaN, values", () => tf.topk(tf.tensor2d([[1, Number.NaN, 3, 2]]), 2).values],
  ["argMax of equal values", () => tf.argMax(tf.tensor2d([[1, 2, 2]]), 1)],
  ["max with NaN", () => tf.max(tf.tensor2d([[1, Number.NaN, 3]]), 1)],
  ["maximum(NaN, 0)", () => tf.maximum(tf.tensor1d([Number.NaN]), 0)],
  ["relu(NaN)", () => tf.relu(tf.tensor1d([Number.NaN]))],
  ["softmax with -Infinity", () => tf.softmax(tf.tensor2d([[0, Number.NEGATIVE_INFINITY, 0]]))],
  ["softmax of -Infinity only", () => tf.softmax(tf.fill([1, 2], Number.NEGATIVE_INFINITY))],
  ["softmax of 1e4 and 0", () => tf.softmax(tf.tensor2d([[1e4, 0]]))],
  ["log(0), log(-1)", () => tf.log(tf.tensor1d([0, -1]))],
  ["1/0, 0/0", () => tf.div(tf.tensor1d([1, 0]), tf.tensor1d([0, 0]))],
  ["0 * NaN in matMul", () => tf.matMul(tf.tensor2d([[0, 1]]), tf.tensor2d([[Number.NaN], [1]]))],
  ["cast of 2.7, -2.7, NaN to int32", () => tf.cast(tf.tensor1d([2.7, -2.7, Number.NaN]), "int32")],
  ["floorDiv int32 -7 / 2", () => tf.floorDiv(ints([-7]), ints([2]))],
  ["gather past the end", () => tf.gather(tf.tensor1d([1, 2, 3]), ints([7]))],
  ["gather at -1", () => tf.gather(tf.tensor1d([1, 2, 3]), ints([-1]))],
  ["sum of no rows", () => tf.sum(tf.zeros([0, 3]), 0)],
  ["matMul with no rows", () => tf.matMul(tf.zeros([0, 3]), tf.zeros([3, 2]))],
  ["max of 1e-40 (subnormal)", () => tf.max(tf.tensor1d([1e-40]))],
  ["mean of int32 1, 2", () => tf.mean(ints([1, 2]))],
  ["2^24 + 1 in int32", () => tf.add(ints([2 ** 24]), ints([1]))],
];

/** Where a backend is known to answer otherwise than plain JavaScript; the lib must not rely on these. */
const KNOWN_DIFFERENCES: Record<string, Record<string, string>> = {
  wasm: { "einsum bqd,bkd->bqk": "missing", "sum of no rows": "unreliable" },
  tensorflow: { "cast of 2.7, -2.7, NaN to int32": "2,-2,-2147483648" },
  webgpu: {
    "topk with NaN, values": "3,2",
    "gather past the end": "0",
    "gather at -1": "0",
    "sum of no rows": "refused",
    "2^24 + 1 in int32": "16777216",
    // WGSL leaves these to the adapter.
    "log(0), log(-1)": "unreliable",
    "cast of 2.7, -2.7, NaN to int32": "unreliable",
  },
};

/** Operators that a backend does less exactly than {@link TOLERANCE}, within so much; the lib uses none of them there. */
const LESS_EXACT: Record<string, Record<string, number>> = {
  webgpu: { sin: 5e-4, cos: 5e-4, acos: 1e-4 }, // WGSL asks for an absolute error of 2^-11, and that near 0 alone.
};

/** Largest deviation that counts as float32 rounding, over the largest entry. */
const TOLERANCE = 5e-6;

async function valuesOf(run: () => Results): Promise<number[] | string> {
  let results: tf.Tensor[] = [];
  try {
    const made = tf.tidy(run);
    results = Array.isArray(made) ? made : [made];
    const values: number[] = [];
    for (const result of results) for (const value of await result.data()) values.push(value);
    return values;
  } catch (error) {
    const text = (error as Error).message.split("\n")[0];
    return /not registered|not yet implemented|not found in registry/i.test(text) ? "missing" : "refused";
  } finally {
    for (const result of results) result.dispose();
  }
}

/** The largest difference over the largest expected entry; a differing length or a missing operator is infinitely far. */
function deviation(values: number[] | string, expected: number[] | string): number {
  if (typeof values === "string" || typeof expected === "string" || values.length !== expected.length) return Infinity;
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const difference = expected.reduce((most, value, index) => Math.max(most, Math.abs(value - values[index])), 0);
  return difference === 0 ? 0 : difference / (largest || 1);
}

const expected = new Map<string, number[] | string>();
const rows = new Map<string, string[]>();

onEachBackend("operators", (use, backend) => {
  const ask = async (name: string, run: () => Results) => {
    if (!expected.has(name)) {
      await chooseBackend("cpu");
      expected.set(name, await valuesOf(run));
    }
    await use();
    return { values: await valuesOf(run), reference: expected.get(name)! };
  };
  const note = (name: string, cell: string) => rows.set(name, [...(rows.get(name) ?? []), `${backend} ${cell}`]);

  for (const [name, run] of ORDINARY) {
    it(name, async () => {
      const { values, reference } = await ask(name, run);
      note(name, typeof values === "string" ? values : deviation(values, reference).toExponential(1));
      const known = KNOWN_DIFFERENCES[backend]?.[name];
      if (known) expect(values).toBe(known);
      else expect(deviation(values, reference)).toBeLessThanOrEqual(LESS_EXACT[backend]?.[name] ?? TOLERANCE);
    });
  }

  for (const [name, run] of CORNERS) {
    it(name, async () => {
      const { values, reference } = await ask(name, run);
      note(name, String(values));
      const known = KNOWN_DIFFERENCES[backend]?.[name];
      if (known === undefined) expect(values).toEqual(reference);
      else if (known !== "unreliable") expect(String(values)).toBe(known);
    });
  }
});

afterAll(() => {
  if (!process.env.OPERATOR_TABLE) return;
  for (const [name, cells] of rows) process.stdout.write(`| ${name} | ${cells.join(" | ")} |\n`);
});

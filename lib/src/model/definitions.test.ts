/** Parts of a model against their definitions, written out in plain JavaScript, on every backend. */
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { onEachBackend } from "../../../tests/support/backends";
import { chooseBackend } from "../machine/backend/backend";
import { CheckpointConfig } from "../machine/checkpoint/config";
import { randomGenerator } from "../machine/support/random";
import { activation } from "./activations";
import { alibiSlopes, withBiases } from "./alibi";
import { attention } from "./attention";
import { CausalMask } from "./causalMask";
import { LogitStatistics } from "./logitStatistics";
import { rotarySettings, rotaryTables, rotate } from "./rotary";

const config = (fields: Record<string, unknown>) => new CheckpointConfig(fields, "config.json");

/** Numbers in [-1, 1). */
function numbers(count: number, seed: string): number[] {
  return Array.from({ length: count }, randomGenerator(seed)).map((value) => 2 * value - 1);
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(Math.abs(actual[i] - expected[i])).toBeLessThan(tolerance);
}

/** One head of causal attention: queries, keys and values [T][D]. */
function plainAttention(
  [q, k, v]: number[][][],
  scale: number,
  { window = Infinity, cap = Infinity, sink = -Infinity, slope = 0 } = {},
): number[][] {
  const bent = (score: number) => (cap === Infinity ? score : cap * Math.tanh(score / cap));
  return q.map((query, i) => {
    const seen = k.map((_, j) => j).filter((j) => j <= i && i - j < window);
    const dots = seen.map((j) => query.reduce((sum, value, d) => sum + value * k[j][d], 0));
    const scores = dots.map((dot, s) => Math.exp(bent(scale * dot) - slope * (i - seen[s])));
    const total = scores.reduce((sum, score) => sum + score, Math.exp(sink));
    return v[0].map((_, d) => seen.reduce((sum, j, s) => sum + (scores[s] / total) * v[j][d], 0));
  });
}

const rowsOf = (values: number[], width: number) =>
  Array.from({ length: values.length / width }, (_, row) => values.slice(row * width, (row + 1) * width));

onEachBackend("parts of a model", (useBackend) => {
  beforeAll(useBackend);

  // 600 tokens: more than a block of queries, where a backend works in blocks.
  test.each<[string, number, number | undefined, number, { softCap?: number; sinks?: number[]; slopes?: number[] }?]>([
    ["all tokens before", 7, undefined, 2],
    ["a head of keys for each of queries", 7, undefined, 4],
    ["one head of keys for all", 7, undefined, 1],
    ["a sliding window", 7, 3, 2],
    ["a window of one", 5, 1, 2],
    ["a long prompt", 600, undefined, 2],
    ["a long prompt, a head of keys for each", 300, undefined, 4],
    ["a long prompt and a window", 600, 300, 2],
    ["a long prompt and a small window", 600, 20, 2],
    ["scores that are bent", 7, undefined, 2, { softCap: 0.3 }],
    ["sinks", 7, 3, 2, { sinks: [-1, 0, 1, 3] }],
    ["all of it in a long prompt", 600, 20, 2, { softCap: 0.3, sinks: [-1, 0, 1, 3] }],
    ["ALiBi", 7, undefined, 4, { slopes: [0.5, 0.25, 0.125, 0.0625] }],
    ["ALiBi of heads that share keys, in a long prompt", 300, undefined, 2, { slopes: [0.5, 0.25, 0.125, 0.0625] }],
  ])("attention: %s", async (_, tokens, window, keyValueHeads, { softCap, sinks, slopes } = {}) => {
    const [heads, dimension] = [4, 3];
    const [q, k, v] = [heads, keyValueHeads, keyValueHeads].map((count, i) =>
      numbers(tokens * count * dimension, `${i} ${tokens}`),
    );
    const mask = new CausalMask(tokens, window);
    const before = tf.memory().numTensors;
    const output = tf.tidy(() => {
      /** From [T, heads * headDimension] to what attention wants: [heads, headDimension, T] */
      const part = (values: number[], count: number) =>
        tf.transpose(tf.tensor3d(values, [tokens, count, dimension]), [1, 2, 0]);
      const plain = { queries: part(q, heads), keys: part(k, keyValueHeads), values: part(v, keyValueHeads) };
      const scaled = { ...plain, queries: tf.mul<tf.Tensor3D>(plain.queries, 0.7) };
      const all = slopes ? withBiases(scaled, (head, position) => slopes[head] * position) : scaled;
      return attention({ ...all, scale: 1, softCap, sinks: sinks && tf.tensor1d(sinks) }, { mask });
    });
    const actual = rowsOf([...(await output.data())], heads * dimension);
    output.dispose();
    mask.dispose();
    expect(tf.memory().numTensors).toBe(before);
    for (let head = 0; head < heads; head++) {
      const cut = (values: number[], count: number, index: number) =>
        rowsOf(values, count * dimension).map((row) => row.slice(index * dimension, (index + 1) * dimension));
      const shared = Math.floor((head * keyValueHeads) / heads); // Neighboring query heads share keys and values.
      const expected = plainAttention(
        [cut(q, heads, head), cut(k, keyValueHeads, shared), cut(v, keyValueHeads, shared)],
        0.7,
        { window, cap: softCap, sink: sinks?.[head], slope: slopes?.[head] },
      );
      const mine = actual.map((row) => row.slice(head * dimension, (head + 1) * dimension));
      expectClose(mine.flat(), expected.flat());
    }
  });

  test("RoPE: feature i turns with feature i + half, the rest stays", async () => {
    const [tokens, width, dimensions] = [6, 10, 8];
    const settings = rotarySettings(config({}), dimensions, 10000);
    const heads = [numbers(tokens * width, "rope"), numbers(tokens * width, "rope 2")]; // each [T, headDimension]
    const tables = rotaryTables(settings, tokens);
    const turned = tf.tidy(() => {
      const columns = tf.tensor3d(heads.flat(), [2, tokens, width]);
      return tf.transpose(rotate(tf.transpose(columns, [0, 2, 1]), tables), [0, 2, 1]);
    });
    const expected = heads.flatMap((head) =>
      rowsOf(head, width).flatMap((row, position) => {
        const result = [...row];
        for (let i = 0; i < dimensions / 2; i++) {
          const angle = position / 10000 ** ((2 * i) / dimensions);
          const [a, b] = [row[i], row[i + dimensions / 2]];
          result[i] = a * Math.cos(angle) - b * Math.sin(angle);
          result[i + dimensions / 2] = b * Math.cos(angle) + a * Math.sin(angle);
        }
        return result;
      }),
    );
    expectClose(await turned.data(), expected);
    tf.dispose([turned, tables.cosine, tables.sine]);
  });

  test.each<[string, (x: number) => number]>([
    ["gelu_new", (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))],
    ["silu", (x) => x / (1 + Math.exp(-x))],
    ["relu", (x) => Math.max(0, x)],
    ["relu2", (x) => Math.max(0, x) ** 2],
    // Phi by its series: x / sqrt(2 pi) (1 - x^2 / 6 + x^4 / 40 - ...).
    ["gelu", (x) => x * (0.5 + (1 / Math.sqrt(2 * Math.PI)) * phiSeries(x))],
  ])("activation %s", async (name, expected) => {
    const inputs = numbers(50, name).map((value) => 4 * value);
    const act = activation(config({ act: name }), "act", "silu");
    const output = tf.tidy(() => act(tf.tensor2d(inputs, [1, 50])));
    expectClose(await output.data(), inputs.map(expected));
    output.dispose();
  });
});

/** The integral of exp(-t^2 / 2) from 0 to x. */
function phiSeries(x: number): number {
  let term = x;
  let sum = 0;
  for (let n = 0; n < 60; n++) {
    sum += term / (2 * n + 1);
    term *= -(x * x) / (2 * (n + 1));
  }
  return sum;
}

test("slopes of ALiBi: a geometric series; between powers of two, every second of the next one's", () => {
  expectClose(alibiSlopes(4), [1 / 4, 1 / 16, 1 / 64, 1 / 256], 1e-12);
  expectClose(alibiSlopes(6), [1 / 4, 1 / 16, 1 / 64, 1 / 256, 1 / 2, 1 / 8], 1e-12);
});

describe("LogitStatistics", () => {
  beforeAll(() => chooseBackend("cpu"));

  /** Gives it the logits of all positions for `count` tokens from the first on. */
  async function add(statistics: LogitStatistics, values: Float32Array, first: number, count: number): Promise<void> {
    const logits = tf.tensor2d(values, [values.length / count, count]);
    await statistics.addTensor(logits, first);
    logits.dispose();
  }

  /** Loss and mean entropy in one piece, by the definition. */
  function plain(ids: number[], rows: number[][]) {
    const logProbabilities = rows.map((row) => {
      const largest = Math.max(...row);
      const logSum = Math.log(row.reduce((sum, x) => sum + Math.exp(x - largest), 0));
      return row.map((x) => x - largest - logSum);
    });
    const losses = ids.slice(1).map((id, i) => -logProbabilities[i][id]);
    const entropies = logProbabilities.map((row) => -row.reduce((sum, log) => sum + Math.exp(log) * log, 0));
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    return { loss: mean(losses), meanEntropy: mean(entropies) };
  }

  const vocabulary = 12;
  const ids = [3, 0, 11, 7, 7];

  test.each([
    ["ordinary", 3],
    ["nearly flat", 1e-6],
    ["steep", 400],
  ])("%s logits, whole or in any pieces of the vocabulary", async (_, size) => {
    const rows = rowsOf(numbers(ids.length * vocabulary, "logits"), vocabulary).map((row) =>
      row.map((value) => Math.fround(size * value)),
    );
    const expected = plain(ids, rows);
    for (const width of [12, 5, 1]) {
      const statistics = new LogitStatistics(ids);
      for (let first = 0; first < vocabulary; first += width) {
        const tile = rows.flatMap((row) => row.slice(first, first + width));
        await add(statistics, Float32Array.from(tile), first, tile.length / ids.length);
      }
      const { loss, meanEntropy } = statistics.summary();
      expect(loss).toBeCloseTo(expected.loss, 9);
      expect(meanEntropy).toBeCloseTo(expected.meanEntropy, 9);
    }
  });

  test("equal logits: the logarithm of the vocabulary, however large they are", async () => {
    for (const logit of [0, -3e38, 3e38]) {
      const statistics = new LogitStatistics([1, 2]);
      await add(statistics, new Float32Array(2 * vocabulary).fill(logit), 0, vocabulary);
      expect(statistics.summary().loss).toBeCloseTo(Math.log(vocabulary), 12);
      expect(statistics.summary().meanEntropy).toBeCloseTo(Math.log(vocabulary), 12);
    }
  });

  test("a single token has an entropy and no loss", async () => {
    const statistics = new LogitStatistics([0]);
    await add(statistics, Float32Array.of(0, 0), 0, 2);
    expect(statistics.summary()).toMatchObject({ loss: Number.NaN, meanEntropy: expect.closeTo(Math.LN2, 12) });
  });
});

describe("rotary frequencies", () => {
  test("theta^(-2i / d), under both spellings", () => {
    const expected = [1, 0.1, 0.01, 0.001];
    const settings = [
      rotarySettings(config({}), 8, 10000),
      rotarySettings(config({ rope_parameters: { rope_theta: 10000, rope_type: "default" } }), 8, 5),
      rotarySettings(config({ rope_scaling: null }), 8, 10000),
    ];
    for (const { frequencies } of settings) expectClose(frequencies, expected, 1e-8);
  });

  test("linear scaling divides them", () => {
    for (const scaling of [
      { type: "linear", factor: 4 },
      { rope_type: "linear", factor: 4 },
    ]) {
      const { frequencies } = rotarySettings(config({ rope_scaling: scaling }), 4, 100);
      expectClose(frequencies, [0.25, 0.025], 1e-9);
    }
  });

  test.each([{ type: "yarn" }, { rope_type: "mrope" }, { type: "linear" }, { rope_type: "llama3", factor: 8 }])(
    "%j is refused: not built here, or a field is missing",
    (scaling) => {
      expect(() => rotarySettings(config({ rope_scaling: scaling }), 4, 100)).toThrow(/^config\.json, rope_scaling: /);
    },
  );
});

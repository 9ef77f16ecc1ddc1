import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { onEachBackend } from "../../../tests/support/backends";
import { chooseBackend } from "../machine/backend/backend";
import { openCheckpoint } from "../machine/checkpoint/checkpoint";
import { type Pass, runNetworkBatch } from "./forward";
import { LogitStatistics } from "./logitStatistics";
import { loadNetwork } from "./network";

const FIXTURES = join(__dirname, "../../../tests/fixtures/models");
const spillFolder = mkdtempSync(join(tmpdir(), "spill-test-"));
afterAll(() => rmSync(spillFolder, { recursive: true }));

/** Two prompts of different lengths, and everything that comes out of them. */
async function outputs(name: string, weightMemory: number, hiddenMemory: number) {
  const folder = join(FIXTURES, name);
  const ids: number[] = JSON.parse(readFileSync(join(folder, "ids.json"), "utf8"));
  const model = await loadNetwork(openCheckpoint(folder), { memory: weightMemory });
  const seen: number[][] = [];
  const spilled: number[] = [];
  const passes = [ids, ids.slice(0, 7), ids.toReversed()].map(
    (prompt): Pass => ({
      ids: prompt,
      observer: {
        onHiddenState: ({ values }) => {
          seen.push(Array.from(values));
          spilled.push(readdirSync(spillFolder).length);
        },
        onLogits: (values) => void seen.push(Array.from(values)),
      },
    }),
  );
  const summaries = await runNetworkBatch(model, passes, { memory: hiddenMemory, spillFolder });
  const { resident } = model;
  model.dispose();
  return { resident, summaries, seen, spilled: Math.max(...spilled) };
}

onEachBackend("a model that does not fit into memory", (useBackend) => {
  beforeAll(useBackend);

  test.each([
    "llama-gqa",
    "mistral-window",
    "gpt-neox-parallel",
    "opt-post-norm-projections",
    "gpt2",
    "gptj-partial",
    "qwen3-moe-some",
    "gpt-oss-windows",
    "gpt-oss-mxfp4",
    "gemma4-text-shared",
    "gemma4-text-experts",
  ])("gives the numbers of one that does: %s", async (name) => {
    const before = tf.memory().numTensors;
    const resident = await outputs(name, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    const streamed = await outputs(name, 0, 0);
    expect([resident.resident, streamed.resident]).toEqual([true, false]);
    expect([resident.spilled, streamed.spilled]).toEqual([0, 1]);
    expect(streamed.seen).toEqual(resident.seen);
    expect(streamed.summaries).toEqual(resident.summaries);
    expect(tf.memory().numTensors).toBe(before);
    expect(existsSync(spillFolder) && readdirSync(spillFolder)).toEqual([]);
  });
});

test("logits in pieces give the summary of logits in one piece", async () => {
  await chooseBackend("cpu");
  const [ids, vocabulary] = [[3, 0, 6, 5], 7];
  const logits = Float32Array.from({ length: ids.length * vocabulary }, (_, i) => 9 * Math.sin(5 * i));
  const whole = new LogitStatistics(ids);
  await whole.addTensor(tf.tensor2d(logits, [ids.length, vocabulary]), 0);
  const pieces = new LogitStatistics(ids);
  for (const [first, count] of [
    [0, 2],
    [2, 4],
    [6, 1],
  ]) {
    const piece = ids.flatMap((_, row) => Array.from(logits.subarray(row * vocabulary + first).subarray(0, count)));
    await pieces.addTensor(tf.tensor2d(piece, [ids.length, count]), first);
  }
  // The definitions, written out.
  const rows = ids.map((_, row) => Array.from(logits.subarray(row * vocabulary, (row + 1) * vocabulary)));
  const probabilities = rows.map((row) => {
    const sum = row.reduce((total, value) => total + Math.exp(value), 0);
    return row.map((value) => Math.exp(value) / sum);
  });
  const loss = (-Math.log(probabilities[0][0]) - Math.log(probabilities[1][6]) - Math.log(probabilities[2][5])) / 3;
  const entropies = probabilities.map((row) => -row.reduce((sum, p) => sum + p * Math.log(p), 0));
  const meanEntropy = entropies.reduce((sum, entropy) => sum + entropy, 0) / 4;
  for (const summary of [whole.summary(), pieces.summary()]) {
    expect(summary.loss).toBeCloseTo(loss, 10);
    expect(summary.meanEntropy).toBeCloseTo(meanEntropy, 10);
  }
});

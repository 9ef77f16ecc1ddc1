import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { openCheckpoint } from "../lib/src/machine/checkpoint/checkpoint";
import { readNpy } from "../lib/src/machine/support/npy";
import { runNetwork } from "../lib/src/model/forward";
import { loadNetwork } from "../lib/src/model/network";
import { onEachBackend } from "./support/backends";

const FIXTURES = join(__dirname, "fixtures");

/**
 * Each folder is a tiny checkpoint with the hidden states, logits and loss that Hugging Face transformers gives, or an adapter
 * of one with those that peft gives.
 */
const variants = ["models", "adapters"].flatMap((kind) => {
  const folders = readdirSync(join(FIXTURES, kind), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => (kind === "models" ? name : join("..", kind, name)));
});

onEachBackend("models agree with Hugging Face transformers", (useBackend) => {
  beforeAll(useBackend);

  test.each(variants)("%s", async (name) => {
    const folder = join(FIXTURES, "models", name);
    const ids: number[] = JSON.parse(readFileSync(join(folder, "ids.json"), "utf8"));
    const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8"));
    const hidden = readHiddenStates(folder);
    const logits = readNpy(join(folder, "logits.npy"));
    const before = tf.memory().numTensors;
    const model = await loadNetwork(openCheckpoint(folder));
    const states: Float32Array[] = [];
    const pieces: Float32Array[] = [];
    const summary = await runNetwork(model, ids, {
      onHiddenState: (state) => void states.push(state.values),
      onLogits: (values) => void pieces.push(values),
    });
    expect(states.length).toBe(hidden.length);
    states.forEach((values, layer) => {
      expectClose(values, hidden[layer], 1e-5);
    });
    expectClose(pieces[0], logits.data, 1e-5);
    expect(Math.abs(summary.loss - expected.loss)).toBeLessThan(1e-6 * Math.max(1, expected.loss));
    expect(Math.abs(summary.meanEntropy - expected.meanEntropy)).toBeLessThan(1e-6 * Math.max(1, expected.meanEntropy));
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

/** The expected hidden states; the last one lies in a file of its own where it is of another width than the others. */
function readHiddenStates(folder: string): ArrayLike<number>[] {
  const { shape, data } = readNpy(join(folder, "hidden.npy"));
  const size = data.length / shape[0];
  const states: ArrayLike<number>[] = Array.from({ length: shape[0] }, (_, layer) =>
    data.subarray(layer * size, (layer + 1) * size),
  );
  const last = join(folder, "hidden-last.npy");
  if (existsSync(last)) states.push(readNpy(last).data);
  return states;
}

/** Largest difference, relative to the largest expected value. */
function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  expect(difference / largest).toBeLessThan(tolerance);
}

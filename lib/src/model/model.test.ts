import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { LayerCloud } from "../geometry/layerCloud";
import { measureLayer } from "../geometry/metrics";
import { BLAS_VARIABLE } from "../machine/backend/blas";
import { openCheckpoint } from "../machine/checkpoint/checkpoint";
import { runExperiment } from "../machine/experiment/experiment";
import { PROJECT_ROOT } from "../machine/support/project";
import { loadPrompts } from "../prompts/prompts";
import { HIDDEN_VARIABLE } from "./keptRuns";
import { loadModel, type Model, type RunOptions } from "./model";

const TEXT = "The tide came in over the flats, and the boats that had lain on their sides all day began to stir.";
const store = mkdtempSync(join(tmpdir(), "token-geometry-model-"));
let model: Model;

beforeAll(async () => {
  vi.stubEnv(BLAS_VARIABLE, "off"); // A BLAS library may round otherwise with another number of threads.
  vi.stubEnv(HIDDEN_VARIABLE, "0"); // All is computed here.
  model = await loadModel("llama-mini", { backend: "wasm" });
});
afterAll(() => {
  model.dispose();
  vi.unstubAllEnvs();
  rmSync(store, { recursive: true, force: true });
});

test("says what it is", () => {
  const { name, layers, width, vocabularySize, notice, backend } = model;
  expect({ name, layers, width, vocabularySize, notice }).toEqual({
    ...{ name: "llama-mini", layers: 12, width: 128, vocabularySize: 4096 },
    notice: "",
  });
  expect(backend).toMatch(/^backend wasm \(/);
});

test("says which weights are quantized, for captions", async () => {
  const quantized = await loadModel("tests/fixtures/models/gguf-gpt2", { backend: "wasm" });
  expect(quantized.notice).toMatch(/^Quantized weights \(IQ4_XS, .*F32\)$/);
});

describe("a run", () => {
  test("gives tokens, a cloud a layer, and loss and entropy with what they are means of", async () => {
    const { tokens, hidden, loss, entropy, tokenLoss, tokenEntropy } = await model.run(TEXT);
    const { length } = tokens.ids;
    expect(tokens.ids).toEqual(model.tokenizer.encode(TEXT));
    expect(tokens.pieces.join("")).toBe(TEXT);
    expect(hidden.map(({ points, dimension }) => [points, dimension])).toEqual(new Array(13).fill([length, 128]));
    expect([tokenLoss.length, tokenEntropy.length]).toEqual([length - 1, length]);
    const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect([mean(tokenLoss), mean(tokenEntropy)]).toEqual([loss, entropy]);
    expect(Math.min(...tokenLoss, ...tokenEntropy)).toBeGreaterThan(0);
  });

  test("of some tokens is the beginning of the whole one; of ids the same as of their text", async () => {
    const whole = await model.run(TEXT);
    const part = await model.run(TEXT, { tokens: 8 });
    expect(part.tokens.ids).toEqual(whole.tokens.ids.slice(0, 8));
    part.tokenLoss.forEach((value, i) => void expect(value).toBeCloseTo(whole.tokenLoss[i], 4));
    const ofIds = await model.run(whole.tokens.ids, { tokens: 8, hidden: false });
    expect(ofIds).toEqual({ ...part, hidden: [] });
  });

  test("gives the logits, whose softmax has the loss and the entropy of each token", async () => {
    const { tokens, logits, tokenLoss, tokenEntropy } = await model.run(TEXT, { leaveOut: 3, logits: true });
    const { values, points, dimension } = logits!;
    expect([points, dimension]).toEqual([tokens.ids.length, 4096]);
    for (let i = 0; i < points; i++) {
      const row = values.slice(i * dimension, (i + 1) * dimension);
      const weights = Array.from(row, Math.exp);
      const sum = weights.reduce((total, weight) => total + weight, 0);
      const entropy = weights.reduce((total, weight) => total - (weight / sum) * Math.log(weight / sum), 0);
      expect(entropy).toBeCloseTo(tokenEntropy[i], 5);
      if (i + 1 < points) expect(Math.log(sum) - row[tokens.ids[i + 1]]).toBeCloseTo(tokenLoss[i], 5);
    }
    expect(await model.run(TEXT)).not.toHaveProperty("logits");
  });

  // Layer by layer what an experiment with the same settings says of the same prompt.
  const cases: [string, RunOptions][] = [
    ["as written", {}],
    ["shuffled", { shuffle: { index: 2, seed: "7" } }],
    ["with a token in front", { bos: true, shuffle: { index: 1 } }],
    ["without its first tokens", { leaveOut: 3, shuffle: { index: 3 } }],
  ];
  test.each(cases)("%s: the experiments' tokens and numbers", async (_, options) => {
    const [prompt] = await loadPrompts("embedded", 1);
    const { tokens, hidden, loss, entropy } = await model.run(prompt.text, { tokens: 64, ...options });
    const { shuffle, bos, leaveOut } = options;
    const settings = { models: ["llama-mini"], promptCount: 1, tokens: 64, bos, leaveOut, recorded: false };
    const order = { shuffleIndices: [shuffle?.index ?? 0], seed: shuffle?.seed };
    const given = { store, backend: "wasm", workers: 1 };
    const { results } = await runExperiment({ ...settings, ...order }, given);
    const [{ result }] = results;
    expect([loss, entropy]).toEqual([result.loss, result.meanEntropy]);
    expect(tokens.ids).toHaveLength(64 - (leaveOut ?? 0));
    expect(hidden).toHaveLength(result.layers.length);
    for (const [layer, cloud] of hidden.entries()) {
      expect(cloud.points).toBe(tokens.ids.length);
      const { intrinsicDimension, cosineSimilarity } = await measureLayer(new LayerCloud(cloud, `${layer}`));
      expect(intrinsicDimension).toEqual(result.layers[layer].intrinsicDimension);
      expect(cosineSimilarity).toEqual(result.layers[layer].cosineSimilarity);
    }
  });

  test("has the text of each token in the order in which it was read", async () => {
    const { tokens } = await model.run(TEXT, { tokens: 16, shuffle: { index: 2 } });
    const written = model.tokenizer.encode(TEXT).slice(0, 16);
    const pieces = model.tokenizer.pieces(written);
    expect(tokens.ids).not.toEqual(written);
    expect([...tokens.ids].sort()).toEqual([...written].sort());
    tokens.ids.forEach((id, i) => void expect(pieces[written.indexOf(id)]).toBe(tokens.pieces[i]));
  });

  test.each([
    ["", {}, "the prompt has 0 tokens"],
    [TEXT, { tokens: 3, leaveOut: 3 }, "has 3 tokens, 3 to be left out"],
    [TEXT, { tokens: 0 }, "tokens is 0: must be a whole number, 1 or more"],
    [TEXT, { leaveOut: -1 }, "leaveOut is -1: must be a whole number, 0 or more"],
    [TEXT, { tokens: 9, shuffle: { index: 2 } }, "needs 16 equal blocks, but the prompt has 9 tokens"],
    [[4096], {}, "token id 4096 at position 0 is out of range"],
  ] as [string | number[], RunOptions, string][])("of %j with %j is refused", async (input, options, message) => {
    await expect(model.run(input, options)).rejects.toThrow(message);
  });
});

test("weights are read at the first run, and freed", async () => {
  const before = tf.memory().numTensors;
  const other = await loadModel(openCheckpoint(join(PROJECT_ROOT, "data/models/opt-mini")), { backend: "wasm" });
  expect(tf.memory().numTensors).toBe(before);
  await other.run(TEXT, { tokens: 4, hidden: false });
  expect(tf.memory().numTensors).toBeGreaterThan(before);
  other.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test("with little memory block by block, to the same numbers", async () => {
  const streamed = await loadModel("llama-mini", { backend: "wasm", memory: 1 });
  const before = tf.memory().numTensors;
  expect(await streamed.run(TEXT)).toEqual(await model.run(TEXT));
  expect(tf.memory().numTensors).toBe(before);
});

test("ids need no tokenizer, and have no pieces then", async () => {
  const folder = join(store, "bare");
  mkdirSync(folder);
  for (const file of ["config.json", "model.safetensors"])
    copyFileSync(join(model.checkpoint.path, file), join(folder, file));
  const bare = await loadModel(folder, { backend: "wasm" });
  expect((await bare.run([1, 2, 3])).tokens).toEqual({ ids: [1, 2, 3], pieces: [] });
  await expect(bare.run(TEXT)).rejects.toThrow("has no tokenizer.json");
  bare.dispose();
});

test("another model in place of one that cannot be had, and a notice", async () => {
  const options = { offline: true, orElse: "pythia-mini", notice: () => {}, backend: "wasm" };
  const replaced = await loadModel("nobody/no-such-model", options);
  expect(replaced.name).toBe("pythia-mini");
  expect(replaced.notice).toMatch(/^pythia-mini in place of nobody\/no-such-model: .*no download is allowed/);
});

import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { onEachBackend } from "../../../../tests/support/backends";
import { filesBelow } from "../../../../tests/support/cli";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { copyModelWithTokenizer, editJson, editSafetensors } from "../../../../tests/support/tinyModel";
import { METRICS } from "../../geometry/metrics";
import { BLAS_VARIABLE, findBlas } from "../backend/blas";
import { coreMetricNames } from "./entries";
import { type ExperimentResult, runExperiment } from "./experiment";
import type { ExperimentSettings } from "./plan";
import { Store } from "./store";

const TEXT = "The tide came in over the flats, and the boats that had lain on their sides all day began to stir.";

/** A tiny model, two prompts and an empty store in a folder of their own. */
function workplace(): { folder: string; settings: ExperimentSettings; store: string } {
  const folder = temporaryFolder();
  const model = copyModelWithTokenizer(join(folder, "tiny"));
  const prompts = join(folder, "two.jsonl");
  writeFileSync(prompts, `${JSON.stringify(TEXT)}\n${JSON.stringify(TEXT.toUpperCase())}\n`);
  const settings = { models: [model], prompts, tokens: 64, shuffleIndices: [0, 1, 3], seed: "a" };
  return { folder, settings, store: join(folder, "store") };
}

/** Of a unit: its entries, and which they are. */
const FILES = coreMetricNames().length + 1;

/** The files that hold what a metric says. */
function entriesOf(store: string, metric: string): string[] {
  const files = filesBelow(join(store, "units")).map((name) => join(store, "units", name));
  return files.filter((file) => Object.hasOwn(JSON.parse(readFileSync(file, "utf8")).result ?? {}, metric));
}

const work = ({ computed, reused }: ExperimentResult) => ({ computed, reused });

describe("the store", () => {
  test("a second run computes nothing and says the same", async () => {
    const { settings, store } = workplace();
    const first = await runExperiment(settings, { store });
    expect(work(first)).toEqual({ computed: 6, reused: 0 });
    const files = filesBelow(store);
    const second = await runExperiment(settings, { store });
    expect(work(second)).toEqual({ computed: 0, reused: 6 });
    expect(second.results).toEqual(first.results);
    expect(second.manifest).toEqual(first.manifest);
    expect(filesBelow(store)).toEqual(files);
  });

  test("results are in the order of the settings, also where some were stored before", async () => {
    const { settings, store } = workplace();
    await runExperiment({ ...settings, shuffleIndices: [1] }, { store });
    const { results, ...counts } = await runExperiment(settings, { store });
    expect(work(counts as ExperimentResult)).toEqual({ computed: 4, reused: 2 });
    expect(results.map(({ prompt, shuffleIndex }) => `${prompt} ${shuffleIndex}`)).toEqual(
      ["two-1", "two-2"].flatMap((prompt) => [0, 1, 3].map((shuffleIndex) => `${prompt} ${shuffleIndex}`)),
    );
  });

  /** Each change, and how many of the six units it makes anew: the order of S = 0 does not depend on the seed. */
  const changes: [what: string, computed: number, change: (settings: ExperimentSettings) => ExperimentSettings][] = [
    ["another seed", 4, (settings) => ({ ...settings, seed: "b" })],
    ["fewer tokens", 6, (settings) => ({ ...settings, tokens: 48, shuffleIndices: [0, 1, 2] })],
    ["other shuffle indices, one of them twice", 2, (settings) => ({ ...settings, shuffleIndices: [0, 2, 2] })],
    ["another precision of hidden states", 6, (settings) => ({ ...settings, captured: "bfloat16" })],
    [
      "one letter of a prompt",
      3,
      (settings) => {
        writeFileSync(settings.prompts!, readFileSync(settings.prompts!, "utf8").replace("tide", "tyde"));
        return settings;
      },
    ],
    [
      "one bit of a weight",
      6,
      (settings) => {
        editSafetensors(join(settings.models[0], "model.safetensors"), (_, data) => void data.writeUInt8(data[0] ^ 1));
        return settings;
      },
    ],
    [
      "a setting of the model",
      6,
      (settings) => {
        editJson(join(settings.models[0], "config.json"), (config) => ({ ...config, rms_norm_eps: 1e-6 }));
        return settings;
      },
    ],
    [
      "the tokenizer",
      6,
      (settings) => {
        editJson(join(settings.models[0], "tokenizer.json"), (definition) => {
          const { vocab } = definition.model as { vocab: Record<string, number> };
          [vocab.e, vocab.E] = [vocab.E, vocab.e];
        });
        return settings;
      },
    ],
  ];

  test.each(changes)("%s: nothing stale is reused", async (_, computed, change) => {
    const { settings, store, folder } = workplace();
    await runExperiment(settings, { store });
    const changed = change(settings);
    const again = await runExperiment(changed, { store });
    expect(work(again)).toEqual({ computed, reused: 6 - computed });
    const fresh = await runExperiment(changed, { store: join(folder, "fresh") });
    expect(again.results).toEqual(fresh.results);
  });

  test("another backend: nothing is reused, and both stay", async () => {
    const { settings, store } = workplace();
    expect(work(await runExperiment(settings, { store, backend: "wasm" }))).toEqual({ computed: 6, reused: 0 });
    expect(work(await runExperiment(settings, { store, backend: "cpu" }))).toEqual({ computed: 6, reused: 0 });
    expect(work(await runExperiment(settings, { store, backend: "wasm" }))).toEqual({ computed: 0, reused: 6 });
  });

  test("a new version of a metric: it alone is computed anew", async () => {
    const { settings, store } = workplace();
    const before = await runExperiment(settings, { store });
    const kept = filesBelow(join(store, "units"));
    const times = kept.map((name) => statSync(join(store, "units", name)).mtimeMs);
    const others = [METRICS.cosineSimilarity, METRICS.neighborhoodOverlap].map((metric) => vi.spyOn(metric, "measure"));
    METRICS.twoNN.version++;
    try {
      const again = await runExperiment(settings, { store, workers: 1 });
      expect(work(again)).toEqual({ computed: 6, reused: 0 });
      expect(again.results).toEqual(before.results);
      for (const measure of others) expect(measure).not.toHaveBeenCalled();
      const { twoNN, cosineSimilarity, prediction } = again.resultOrigins[0];
      expect([twoNN, cosineSimilarity, prediction]).toEqual(["computed", "store", "store"]);
      expect(kept.map((name) => statSync(join(store, "units", name)).mtimeMs)).toEqual(times);
      // An entry, and which entries there are.
      expect(filesBelow(join(store, "units"))).toHaveLength(kept.length + 2 * 6);
    } finally {
      METRICS.twoNN.version--;
      vi.restoreAllMocks();
    }
  });

  test("a model of another name but the same files: everything is reused", async () => {
    const { settings, store, folder } = workplace();
    await runExperiment(settings, { store });
    cpSync(settings.models[0], join(folder, "renamed"), { recursive: true });
    const renamed = await runExperiment({ ...settings, models: [join(folder, "renamed")] }, { store });
    expect(work(renamed)).toEqual({ computed: 0, reused: 6 });
    expect(renamed.results[0].model).toBe("renamed");
  });

  test("damaged unit files are computed anew, and only those", async () => {
    const { settings, store } = workplace();
    const whole = await runExperiment(settings, { store });
    const units = entriesOf(store, "prediction");
    const text = readFileSync(units[0], "utf8");
    const other = readFileSync(units[5], "utf8");
    const changedDigit = (old: string) => old.replace(/"loss":(\d)/, (_, digit) => `"loss":${9 - Number(digit)}`);
    writeFileSync(units[0], text.slice(0, text.length / 2));
    writeFileSync(units[1], "");
    writeFileSync(units[2], "null\n");
    writeFileSync(units[3], other);
    writeFileSync(units[4], changedDigit(readFileSync(units[4], "utf8")));
    const again = await runExperiment(settings, { store });
    expect(work(again)).toEqual({ computed: 5, reused: 1 });
    expect(again.results).toEqual(whole.results);
    expect(readFileSync(units[0], "utf8")).toBe(text);
  });

  test("the manifest says what the numbers depend on, and where they are", async () => {
    const { settings, store } = workplace();
    const { manifest, manifestPath } = await runExperiment(settings, { store });
    expect(JSON.parse(readFileSync(manifestPath, "utf8"))).toEqual(manifest);
    expect(manifest).toMatchObject({ settings: { seed: "a", tokens: 64 }, dtype: "float32", node: process.version });
    const [{ units, files }] = manifest.models as { units: { key: string }[]; files: Record<string, string> }[];
    expect(Object.keys(files).sort()).toEqual(["config.json", "model.safetensors"]);
    const opened = new Store(store);
    for (const { key } of units)
      expect(opened.read(key)).toMatchObject({ inputs: { tokens: 64 }, result: { layers: {} } });
    expect(filesBelow(join(store, "units"))).toHaveLength(FILES * units.length);
  });
});

test("shuffled orders differ between prompts, and the tokens of all orders are the same", async () => {
  const { settings, store } = workplace();
  const { results } = await runExperiment(settings, { store });
  const embedded = results.map(({ result }) => result.layers[0].cosineSimilarity.mean);
  for (const [index, mean] of embedded.entries()) expect(mean).toBeCloseTo(embedded[index - (index % 3)], 5);
  const losses = results.map(({ result }) => result.loss);
  expect(new Set(losses).size).toBe(6);
});

test("progress goes from none to all, and ends also when a run fails", async () => {
  const { settings, store } = workplace();
  const seen: [number, number][] = [];
  let ends = 0;
  const progress = {
    update: (done: number, total: number) => void seen.push([done, total]),
    finish: () => void ends++,
  };
  await runExperiment(settings, { store, progress });
  expect(seen[0]).toEqual([0, 6]);
  expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).sort((a, b) => a - b));
  expect(ends).toBe(1);
  editSafetensors(join(settings.models[0], "model.safetensors"), (header, data) => {
    data.writeFloatLE(Number.NaN, header["model.norm.weight"].data_offsets[0]);
  });
  await expect(runExperiment(settings, { store, progress })).rejects.toThrow(/model\.norm\.weight" holds NaN/);
  expect(ends).toBe(2);
});

test.each([
  ["no model", { models: [] }, "no model is named"],
  ["no shuffle index", { shuffleIndices: [] }, "no shuffle index is named"],
  ["half a token", { tokens: 3.5 }, "number of tokens 3.5"],
  ["a prompt that is not there", { promptName: "three" }, 'holds no prompt "three"'],
  ["an unknown precision", { captured: "float8" as "float32" }, "float8"],
])("refuses %s before anything is written", async (_, change, message) => {
  const { settings, store, folder } = workplace();
  await expect(runExperiment({ ...settings, ...change }, { store })).rejects.toThrow(message);
  expect(readdirSync(folder)).not.toContain("store");
});

test.skipIf(!findBlas().blas)("a BLAS library is told for the record, and no reason to compute again", async () => {
  const { settings, store } = workplace();
  const device = (kept: string) =>
    filesBelow(join(store, "units")).map((name) => {
      const { provenance, inputs } = JSON.parse(readFileSync(join(store, "units", name), "utf8"));
      expect(JSON.stringify(inputs)).not.toContain("BLAS");
      return provenance.device.includes(kept);
    });
  const byLibrary = await runExperiment(settings, { store, backend: "wasm" });
  expect(device(`WebAssembly, products by ${findBlas().blas!.name}`)).toEqual(Array(6 * FILES).fill(true));
  vi.stubEnv(BLAS_VARIABLE, "off");
  const without = await runExperiment(settings, { store, backend: "wasm" });
  expect(work(without)).toEqual({ computed: 0, reused: 6 });
  expect(without.results).toEqual(byLibrary.results);
  rmSync(store, { recursive: true });
  await runExperiment(settings, { store, backend: "wasm" });
  expect(device("WebAssembly, one thread")).toEqual(Array(6 * FILES).fill(true));
  vi.unstubAllEnvs();
});

onEachBackend("experiments leave no tensors behind", (useBackend, backend) => {
  beforeAll(useBackend);

  test("neither when they succeed nor when they fail", async () => {
    const { settings, store } = workplace();
    const before = tf.memory().numTensors;
    for (const seed of ["a", "b", "c"]) await runExperiment({ ...settings, seed }, { store, backend });
    expect(tf.memory().numTensors).toBe(before);
    editSafetensors(join(settings.models[0], "model.safetensors"), (header, data) => {
      data.writeFloatLE(Number.NaN, header["model.layers.2.mlp.down_proj.weight"].data_offsets[0]);
    });
    await expect(runExperiment(settings, { store, backend })).rejects.toThrow("holds NaN");
    expect(tf.memory().numTensors).toBe(before);
    rmSync(store, { recursive: true });
    // Weights so large that a product overflows: found out in the middle of a pass.
    const { settings: other } = workplace();
    editSafetensors(join(other.models[0], "model.safetensors"), (header, data) => {
      const [begin, end] = header["model.layers.1.mlp.down_proj.weight"].data_offsets;
      for (let at = begin; at < end; at += 4) data.writeFloatLE(3e38, at);
    });
    await expect(runExperiment(other, { store, backend })).rejects.toThrow(/hidden state 2: holds (-?Infinity|NaN)/);
    expect(tf.memory().numTensors).toBe(before);
  });
});

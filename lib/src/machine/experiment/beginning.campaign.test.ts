/** What stands at the beginning of a prompt: a token in front, and first tokens that are left out. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { expectRefusal, runProgram } from "../../../../tests/support/cli";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { copyModel, copyModelWithTokenizer, editJson, MODEL_FIXTURES } from "../../../../tests/support/tinyModel";
import { geometryReport } from "../../geometry/geometryReport";
import { StreamedCloud } from "../../geometry/streamedCloud";
import { runNetwork } from "../../model/forward";
import { loadNetwork } from "../../model/network";
import { loadTokenizer } from "../../tokens/tokenizer";
import { chooseBackend } from "../backend/backend";
import { BLAS_VARIABLE } from "../backend/blas";
import { openCheckpoint } from "../checkpoint/checkpoint";
import { resolveFromProject } from "../support/project";
import { coreMetricNames } from "./entries";
import { runExperiment } from "./experiment";
import { explorePrompt } from "./exploration";
import { measurePrompts } from "./measurePrompt";
import { lastTokenVector } from "./passMetrics";
import type { ExperimentSettings } from "./plan";
import { Store } from "./store";

const TEXT = "The tide came in over the flats, and the boats that had lain on their sides all day began to stir.";

/** The backend's own products: a BLAS library rounds the last rows differently with another number of threads. */
beforeAll(async () => {
  vi.stubEnv(BLAS_VARIABLE, "off");
  await chooseBackend("wasm");
});
afterAll(() => void vi.unstubAllEnvs());

/** What a plain pass gives without its first rows: clouds by the geometry's report, loss and entropy from all logits. */
async function byHand(folder: string, ids: readonly number[], skipped: number) {
  const model = await loadNetwork(openCheckpoint(folder));
  const points = ids.length - skipped;
  const clouds: { values: Float32Array; points: number; dimension: number }[] = [];
  const logits: number[][] = ids.map(() => []);
  const streamed = new StreamedCloud(points);
  await runNetwork(model, ids, {
    onHiddenState: ({ values, dimension }) =>
      void clouds.push({ values: values.slice(skipped * dimension), points, dimension }),
    onLogits: async (values, { count }) => {
      for (const position of ids.keys()) {
        logits[position].push(...values.subarray(position * count, (position + 1) * count));
      }
      await streamed.addColumns(values.slice(skipped * count), count);
    },
  });
  model.dispose();
  const logProbabilities = logits.map((row) => {
    const largest = Math.max(...row);
    const logSum = largest + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
    return row.map((logit) => logit - logSum);
  });
  const positions = [...ids.keys()].slice(skipped);
  const predicted = positions.slice(0, -1);
  const losses = predicted.map((position) => -logProbabilities[position][ids[position + 1]]);
  const entropies = positions.map((position) =>
    logProbabilities[position].reduce((sum, value) => sum - Math.exp(value) * value, 0),
  );
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const report = await geometryReport(clouds.map((cloud, layer) => ({ name: String(layer), cloud })));
  return {
    layers: report.clouds.map(({ intrinsicDimension, twoNN, cosineSimilarity }, layer) => ({
      intrinsicDimension,
      twoNN,
      cosineSimilarity,
      neighborhoodOverlap: layer === 0 ? [] : report.neighborhoodOverlap[layer - 1].overlap.map(({ value }) => value),
    })),
    lastTokens: clouds.map(({ values, dimension }) => values.slice(-dimension)),
    logitsIntrinsicDimension: streamed.intrinsicDimension("logits"),
    loss: mean(losses),
    meanEntropy: mean(entropies),
  };
}

type ByHand = Awaited<ReturnType<typeof byHand>>;

function expectSame(result: Awaited<ReturnType<typeof measurePrompts>>[number], expected: ByHand): void {
  const { layers, lastTokens, logitsIntrinsicDimension, loss, meanEntropy } = expected;
  expect(result.layers.map(({ neighborAngle, ...layer }) => layer)).toEqual(layers);
  expect(Math.abs(result.loss - loss)).toBeLessThan(1e-5);
  expect(Math.abs(result.meanEntropy - meanEntropy)).toBeLessThan(1e-5);
  expect(result.logitsIntrinsicDimension).toEqual(logitsIntrinsicDimension);
  expect(lastTokens.map((_, layer) => lastTokenVector(result, layer))).toEqual(lastTokens);
}

const metrics = ["logitsIntrinsicDimension", "lastToken"] as const;

describe("first tokens that are run and not measured", () => {
  test.each(["llama-gqa", "gpt2", "opt-post-norm-projections", "mistral-window"])("%s", async (name) => {
    const folder = join(MODEL_FIXTURES, name);
    const ids: number[] = JSON.parse(readFileSync(join(folder, "ids.json"), "utf8"));
    const model = await loadNetwork(openCheckpoint(folder));
    for (const leaveOut of [0, 1, 3]) {
      const [result] = await measurePrompts(model, [ids], { leaveOut, metrics: [[...coreMetricNames(), ...metrics]] });
      expectSame(result, await byHand(folder, ids, leaveOut));
    }
    model.dispose();
  });

  test("too few are left", async () => {
    const folder = join(MODEL_FIXTURES, "gpt2");
    const model = await loadNetwork(openCheckpoint(folder));
    await expect(measurePrompts(model, [[1, 2, 3, 4]], { leaveOut: 2 })).rejects.toThrow("has 2 tokens to measure");
    model.dispose();
  });
});

describe("experiments", () => {
  const llama = resolveFromProject("data/models/llama-mini");
  const settings: ExperimentSettings = {
    models: [llama],
    promptName: "fiction-realist",
    tokens: 64,
    shuffleIndices: [0, 2],
    metrics: [...metrics],
  };
  const run = (special: Partial<ExperimentSettings>, store = join(temporaryFolder(), "store")) =>
    runExperiment({ ...settings, ...special }, { store, backend: "wasm", workers: 1 });

  test("a token in front: the model reads it first, and the cloud, loss and entropy are those of the prompt", async () => {
    const { results, manifest } = await run({ bos: true });
    const tokenizer = loadTokenizer(llama);
    expect(tokenizer.beginOfText).toBe(0);
    const text = readFileSync(resolveFromProject("data/prompts/fiction-realist.txt"), "utf8").trim();
    const ids = tokenizer.encode(text).slice(0, 64);
    expectSame(results[0].result, await byHand(llama, [0, ...ids], 1));
    expect(manifest.settings).toMatchObject({ bos: true });
    expect(manifest.command).toMatch(/ --bos --backend wasm$/);
  });

  test("first tokens left out, with and without the one in front", async () => {
    const ids = loadTokenizer(llama)
      .encode(readFileSync(resolveFromProject("data/prompts/fiction-realist.txt"), "utf8").trim())
      .slice(0, 64);
    const without = await run({ leaveOut: 2 });
    expectSame(without.results[0].result, await byHand(llama, ids, 2));
    expect(without.manifest.command).toMatch(/ --leave-out 2 --backend wasm$/);
    expectSame((await run({ leaveOut: 2, bos: true })).results[0].result, await byHand(llama, [0, ...ids], 3));
  });

  test("are units of their own; what asks for nothing special keeps its name and its units", async () => {
    const store = join(temporaryFolder(), "store");
    const plain = await run({}, store);
    const [{ units }] = plain.manifest.models as { units: { key: string }[] }[];
    const unit = new Store(store).read(units[0].key);
    expect(Object.keys((unit as { inputs: object }).inputs)).toEqual([
      "checkpoint",
      "ids",
      "tokens",
      "metrics",
      "dtype",
      "backend",
    ]);
    const same = await run({ bos: false, leaveOut: 0 }, store);
    expect([same.computed, same.manifestPath]).toEqual([0, plain.manifestPath]);
    for (const special of [{ bos: true }, { leaveOut: 1 }, { bos: true, leaveOut: 1 }]) {
      const { computed, reused } = await run(special, store);
      expect({ computed, reused }).toEqual({ computed: 2, reused: 0 });
      expect((await run(special, store)).reused).toBe(2);
    }
  });

  test("worker processes do the same", async () => {
    const special = { bos: true, leaveOut: 1 };
    const alone = await run(special);
    const together = await runExperiment(
      { ...settings, ...special },
      { store: join(temporaryFolder(), "store"), backend: "wasm", workers: 2 },
    );
    expect(together.results).toEqual(alone.results);
  });

  test.each([
    [{ leaveOut: -1 }, "-1 tokens left out of 64"],
    [{ leaveOut: 1.5 }, "1.5 tokens left out of 64"],
    [{ leaveOut: 62 }, "62 tokens left out of 64"],
  ])("refuse %j", async (special, message) => {
    await expect(run(special)).rejects.toThrow(message);
  });

  test("a checkpoint that names no such token is refused, unless none is asked for", async () => {
    const folder = temporaryFolder();
    const model = copyModelWithTokenizer(join(folder, "tiny"));
    editJson(join(model, "config.json"), (config) => ({ ...config, bos_token_id: undefined }));
    const prompts = join(folder, "tide.txt");
    writeFileSync(prompts, TEXT);
    const special = { models: [model], prompts, promptName: undefined };
    await expect(run({ ...special, bos: true })).rejects.toThrow("names no beginning-of-text token; leave out bos");
    expect((await run(special)).computed).toBe(2);
  });

  test("the token in front counts where positions are few", async () => {
    const folder = temporaryFolder();
    const model = copyModel("gpt2", join(folder, "gpt2"));
    copyModelWithTokenizer(join(folder, "tokenizer"));
    for (const file of ["tokenizer.json"]) {
      writeFileSync(join(model, file), readFileSync(join(folder, "tokenizer", file)));
    }
    const { n_positions } = JSON.parse(readFileSync(join(model, "config.json"), "utf8"));
    editJson(join(model, "config.json"), (config) => ({ ...config, bos_token_id: 5 }));
    const prompts = join(folder, "tide.txt");
    writeFileSync(prompts, TEXT.repeat(5));
    const special = { models: [model], prompts, promptName: undefined, tokens: n_positions, shuffleIndices: [0] };
    expect((await run(special)).computed).toBe(1);
    await expect(run({ ...special, bos: true })).rejects.toThrow(
      `the prompt has ${n_positions + 1} tokens, gpt2 has positions for ${n_positions}`,
    );
  });

  test("one prompt that is explored is measured the same, and its left-out tokens have no spacing", async () => {
    const special = { bos: true, leaveOut: 2 };
    const { results } = await run({ ...special, metrics: undefined });
    const prompt = {
      name: "fiction-realist",
      text: readFileSync(resolveFromProject("data/prompts/fiction-realist.txt"), "utf8").trim(),
    };
    const options = { tokens: 64, shuffleIndices: [0, 2], ...special, backend: "wasm" };
    const { orders, provenance } = await explorePrompt(llama, prompt, options);
    const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
    expect(orders.map(({ result }) => plain(result))).toEqual(results.map(({ result }) => plain(result)));
    for (const { spacings } of orders) {
      for (const { distances, nearest } of spacings) {
        expect(distances.filter(Number.isNaN)).toHaveLength(2);
        const left = distances.flatMap((distance, token) => (Number.isNaN(distance) ? [token] : []));
        expect(left.map((token) => nearest[token])).toEqual([[], []]);
        expect(nearest.flat().filter((token) => left.includes(token))).toEqual([]);
      }
    }
    expect(orders[0].spacings[1].distances.slice(0, 2)).toEqual([Number.NaN, Number.NaN]);
    expect(provenance).toMatchObject({ "in front": expect.stringContaining("token 0") });
    await expect(explorePrompt(llama, prompt, { ...options, leaveOut: 62 })).rejects.toThrow("cannot be left out");
  });
});

describe("tokenizers", () => {
  test("name the token by its text, else the configuration by its id", () => {
    const folder = copyModelWithTokenizer(join(temporaryFolder(), "tiny"));
    const beginning = (changes: { tokenizer?: unknown; id?: unknown }) => {
      writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ bos_token: changes.tokenizer }));
      editJson(join(folder, "config.json"), (config) => ({ ...config, bos_token_id: changes.id }));
      return loadTokenizer(folder).beginOfText;
    };
    expect(beginning({ tokenizer: "A", id: 7 })).toBe(0x41 - 0x21);
    expect(beginning({ tokenizer: { content: "B" }, id: 7 })).toBe(0x42 - 0x21);
    expect(beginning({ tokenizer: "<s>", id: 7 })).toBe(7);
    expect(beginning({ tokenizer: null, id: 7 })).toBe(7);
    for (const id of [undefined, null, -1, "7", [7]]) expect(beginning({ id })).toBeUndefined();
  });
});

test("the commands run, status and merge take the same options", async () => {
  const folder = temporaryFolder();
  const store = join(folder, "store");
  const options = ["--model", "data/models/llama-mini", "--prompt", "fiction-realist", "--tokens", "16"];
  const special = ["--bos", "--leave-out", "1"];
  expect((await runProgram(["run", ...options, ...special, "--store", store])).status).toBe(0);
  const status = await runProgram(["status", ...options, ...special, "--store", store]);
  expect(status.stdout).toContain("1 of 1 done");
  expect((await runProgram(["status", ...options, "--store", store])).stdout).toContain("0 of 1 done");
  const out = join(folder, "merged.json");
  expect((await runProgram(["merge", ...options, ...special, "--store", store, "--out", out])).status).toBe(0);
  const merged = JSON.parse(readFileSync(out, "utf8"));
  expect(merged.results[0].inputs).toMatchObject({ tokens: 16, bos: 0, leaveOut: 1 });
  expectRefusal(await runProgram(["run", ...options, "--leave-out", "-1"]), "leave-out");
});

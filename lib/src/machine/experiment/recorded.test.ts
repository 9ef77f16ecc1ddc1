/** Experiments take recorded results where all that a model is asked for is recorded. */
import { createHash } from "node:crypto";
import { cpSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { RECORDED_MODEL } from "../../../../tests/support/recordedStudy";
import { editJson, editSafetensors } from "../../../../tests/support/tinyModel";
import { useRecordedStudy } from "../../../../tests/support/useRecordedStudy";
import { METRICS } from "../../geometry/metrics";
import { describeStudies, Study } from "../../results/study";
import { notesOn } from "../../results/wording";
import { resolveFromProject } from "../support/project";
import { type ExperimentResult, runExperiment } from "./experiment";
import { mergeExperiment } from "./merge";
import { lastTokenVector, PASS_METRICS } from "./passMetrics";
import type { ExperimentSettings } from "./plan";
import { RECORDED_VARIABLE } from "./recordedStudy";
import { recordedUnits } from "./recordedUnits";
import { experimentStatus } from "./status";
import { Store } from "./store";
import { plannedExperiment, readManifest } from "./storedExperiment";
import type { UnitResult } from "./unit";

const { recorded, settings, run, counts } = useRecordedStudy();

/** Numbers as the table has them: float32. */
function rounded<Value>(value: Value): Value {
  if (typeof value === "number") return Math.fround(value) as Value;
  if (Array.isArray(value)) return value.map(rounded) as Value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, rounded(part)])) as Value;
}

describe("a model by its name", () => {
  test("needs neither model nor backend, and gives the computed numbers as float32", async () => {
    const metrics = ["logitsIntrinsicDimension" as const, "lastToken" as const];
    for (const special of [
      {},
      { shuffleIndices: [0], bos: true },
      { shuffleIndices: [0], leaveOut: 1 },
      { shuffleIndices: [0], metrics },
    ]) {
      const taken = await run(special);
      const prompts = special.shuffleIndices ? 2 : 4;
      expect(counts(taken)).toEqual({ computed: 0, reused: 0, recorded: prompts });
      expect(taken.backend).toBeUndefined();
      const computed = await run({ ...special, models: [RECORDED_MODEL], recorded: false });
      expect(counts(computed).recorded).toBe(0);
      const places = ({ results }: ExperimentResult) =>
        results.map(({ model, prompt, shuffleIndex }) => [model, prompt, shuffleIndex]);
      expect(places(taken)).toEqual(places(computed));
      taken.results.forEach(({ result }, i) => {
        const { lastToken, ...expected } = rounded(computed.results[i].result);
        const { lastToken: vectors, ...actual } = result;
        expect(actual).toEqual(expected);
        expect(vectors?.length).toBe(lastToken?.length);
        vectors?.forEach((_, layer) => {
          const [own, exact] = [result, computed.results[i].result].map((one) => lastTokenVector(one, layer));
          const off = Math.hypot(...own.map((value, k) => value - exact[k])) / Math.hypot(...exact);
          expect(off).toBeLessThan(5e-4); // half precision
        });
      });
    }
  });

  test("is what the functions of the notebooks want", async () => {
    const taken = await run({ promptCount: 1, shuffleIndices: [0] });
    const [{ result }] = taken.results;
    const dimensions = new Study(taken).of("intrinsicDimension", 2);
    expect(dimensions.map(({ layer }) => layer)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(dimensions[0].origin).toBe("recorded");
    expect(new Study(taken).of("neighborhoodOverlap", 31)).toHaveLength(11);
    expect(result.layers[4].neighborAngle.histogram.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(30);
  });

  test("says where the numbers come from", async () => {
    const taken = await run();
    const file = join(recorded, "llama-mini.parquet");
    expect(describeStudies(new Study(taken))).toBe(
      `4 recorded: \`${file}\`; what they depend on: \`${taken.manifestPath}\``,
    );
    expect(taken.origins).toEqual([expect.objectContaining({ backend: "wasm", node: process.version })]);
    const [model] = taken.manifest.models as Record<string, unknown>[];
    expect(model.recorded).toEqual({ file, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(taken.manifest).not.toHaveProperty("backend");
    expect(taken.manifest.command).not.toContain("--backend");
    expect(notesOn(new Study(taken).of("loss"))).toEqual([`Recorded: ${file}.`]);
    const off = await run({ models: [RECORDED_MODEL], recorded: false, promptCount: 1, shuffleIndices: [0] });
    expect(off.manifest.command).toContain(" --no-recorded ");
  });
});

describe("a checkpoint on disk", () => {
  test("counts by its files, whatever it is called; another one does not", async () => {
    const copy = join(temporaryFolder(), "renamed");
    cpSync(RECORDED_MODEL, copy, { recursive: true });
    const taken = await run({ models: [copy] });
    expect(counts(taken).recorded).toBe(4);
    expect(taken.results[0].model).toBe("renamed");
    const one = { models: [copy], promptCount: 1, shuffleIndices: [0] };
    editJson(join(copy, "tokenizer_config.json"), (config) => ({ ...config, bos_token: "x" }));
    expect(counts(await run(one)).recorded).toBe(0);
    cpSync(RECORDED_MODEL, copy, { recursive: true });
    expect(counts(await run(one)).recorded).toBe(1);
    editSafetensors(join(copy, "model.safetensors"), (_, data) => void data.writeUInt8(data[0] ^ 1));
    expect(counts(await run(one)).recorded).toBe(0);
  });

  test("models of one experiment: some recorded, some computed, in the order of the settings", async () => {
    const pythia = resolveFromProject("data/models/pythia-mini");
    const store = join(temporaryFolder(), "store");
    const mixed = { models: [pythia, "llama-mini"], promptCount: 1 };
    const first = await run(mixed, store);
    expect(counts(first)).toEqual({ computed: 2, reused: 0, recorded: 2 });
    expect(first.results.map(({ model }) => model)).toEqual(["pythia-mini", "pythia-mini", "llama-mini", "llama-mini"]);
    const origins = first.resultOrigins.map(({ twoNN, prediction }) => [twoNN, prediction]);
    expect(origins.map(String)).toEqual([...Array(2).fill("computed,computed"), ...Array(2).fill("recorded,recorded")]);
    expect(first.backend?.name).toBe("wasm");
    expect(counts(await run(mixed, store))).toEqual({ computed: 0, reused: 2, recorded: 2 });
    expect(describeStudies(new Study(first))).toMatch(
      /^backend wasm.*; 2 results computed, 0 from the store, 2 recorded: /,
    );
    const status = experimentStatus(
      new Store(store),
      await plannedExperiment({ ...settings, ...mixed }, { backend: "wasm" }),
    );
    expect([status.done, status.total]).toEqual([4, 4]);
    const experiment = readManifest(first.manifestPath);
    const out = join(store, "merged.json");
    mergeExperiment([store], [experiment], out, { recorded: await recordedUnits(experiment.models) });
    const merged: { model: string; result: UnitResult }[] = JSON.parse(readFileSync(out, "utf8")).results;
    expect(merged.map(({ model, result }) => [model, result.loss])).toEqual(
      first.results.map(({ model, result }) => [model, result.loss]),
    );
    const shards = await Promise.all(
      [0, 1].map((index) =>
        runExperiment({ ...settings, ...mixed }, { store, backend: "wasm", shard: { index, count: 2 } }),
      ),
    );
    expect(shards.map(({ results }) => results.length)).toEqual([2, 2]);
    expect(shards.map((shard) => counts(shard).recorded)).toEqual([1, 1]);
  });
});

describe("is computed instead", () => {
  const one = { models: [RECORDED_MODEL], promptCount: 1, shuffleIndices: [0] };
  test.each<[string, Partial<ExperimentSettings>]>([
    ["other tokens", { tokens: 32 }],
    ["another seed", { seed: "a" }],
    ["another precision", { captured: "bfloat16" }],
    ["an order that is not there", { shuffleIndices: [1] }],
    ["something else left out", { leaveOut: 2 }],
    ["both at the beginning", { leaveOut: 1, bos: true }],
    ["a prompt that is not there", { promptCount: undefined, promptName: "fiction-realist" }],
    ["other prompts", { prompts: "data/prompts/fiction-realist.txt" }],
    ["who asks for it", { recorded: false }],
  ])("%s", async (_, change) => {
    expect(counts(await run({ ...one, ...change })).recorded).toBe(0);
  });

  test("by the environment, and when all metrics have changed", async () => {
    expect(counts(await run(one)).recorded).toBe(1);
    const all = [...Object.values(METRICS), PASS_METRICS.prediction];
    for (const metric of all) metric.version++;
    try {
      expect(counts(await run(one)).recorded).toBe(0);
    } finally {
      for (const metric of all) metric.version--;
    }
    vi.stubEnv(RECORDED_VARIABLE, "0");
    expect(counts(await run(one)).recorded).toBe(0);
  });

  test("where the text of a prompt is another", async () => {
    const other = copyOfStudy();
    editJson(join(other, "llama-mini.json"), (description) => {
      (description.prompts as { text: string }[])[1].text = "0".repeat(64);
    });
    expect(counts(await run(one)).recorded).toBe(1);
    expect(counts(await run({ ...one, promptCount: 2 })).recorded).toBe(0);
  });

  test("if the model can be had; else the error says what is recorded", async () => {
    const other = copyOfStudy();
    // A model that is nowhere.
    renameSync(join(other, "llama-mini.json"), join(other, "llama-gone.json"));
    editJson(join(other, "llama-gone.json"), (is) => ({
      ...is,
      model: { ...(is.model as object), name: "llama-gone" },
    }));
    const gone = { models: ["llama-gone"] };
    expect(counts(await run(gone)).recorded).toBe(4);
    await expect(run({ ...gone, shuffleIndices: [0, 1] })).rejects.toThrow(
      /llama-gone.*; recorded of llama-gone \(.*llama-mini\.parquet\) are embedded prompts of 64 tokens, seed 0, float32, S = 0 of 3 prompts.*S = 0 with bos of 3 prompts.*: S = 1 of api-reference-parcel-lockers is not$/,
    );
    await expect(run({ ...gone, recorded: false })).rejects.toThrow(/llama-gone[^;]*$/);
  });
});

describe("damage", () => {
  const table = "llama-mini.parquet";
  const vectors = "llama-mini-last-token.npy";
  const flipped = (path: string) => {
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(path, bytes);
  };

  test.each<[string, (folder: string) => void, RegExp]>([
    [
      "one bit of the table",
      (own) => flipped(join(own, table)),
      /llama-mini\.parquet: is not the file that was recorded/,
    ],
    [
      "a table that is cut short",
      (own) => writeFileSync(join(own, table), readFileSync(join(own, table)).subarray(0, 900)),
      /is not the file that was recorded \(SHA-256\): restore it, or compute instead/,
    ],
    ["no table", (own) => renameSync(join(own, table), join(own, "other")), /llama-mini\.parquet: no such file/],
    [
      "one bit of the vectors",
      (own) => flipped(join(own, vectors)),
      /last-token\.npy: is not the file that was recorded/,
    ],
    [
      "a description that is cut short",
      (own) => writeFileSync(join(own, "llama-mini.json"), readFileSync(join(own, "llama-mini.json")).subarray(0, 999)),
      /llama-mini\.json: cannot be read/,
    ],
    [
      "another format",
      (own) => void editJson(join(own, "llama-mini.json"), (is) => ({ ...is, format: 2 })),
      /of format 2; this version knows 1/,
    ],
    [
      "a description without parts",
      (own) => void editJson(join(own, "llama-mini.json"), (is) => ({ ...is, parts: [{}] })),
      /damaged description/,
    ],
    [
      "a description of fewer rows",
      (own) =>
        void editJson(join(own, "llama-mini.json"), (is) => {
          for (const part of is.parts as { rows: number }[]) part.rows -= 100;
        }),
      /llama-mini\.parquet/,
    ],
    [
      "a description of more layers",
      (own) =>
        void editJson(join(own, "llama-mini.json"), (is) => ({
          ...is,
          model: { ...(is.model as object), layers: 14 },
        })),
      /not the table that .*llama-mini\.json describes: rows of layer 13 are missing/,
    ],
    [
      "a file of something else, well described",
      (own) => {
        writeFileSync(join(own, table), "PAR1 not really PAR1");
        editJson(join(own, "llama-mini.json"), (is) => {
          (is.table as { sha256: string }).sha256 = createHash("sha256").update("PAR1 not really PAR1").digest("hex");
        });
      },
      /llama-mini\.parquet: not a table of recorded results/,
    ],
  ])("%s: one line", async (_, damage, message) => {
    damage(copyOfStudy());
    const metrics = ["lastToken" as const];
    const failed = await run({ shuffleIndices: [0], metrics }).catch((error: Error) => error.message);
    expect(failed).toMatch(message);
    expect(failed).not.toContain("\n");
  });
});

/** A copy of the recorded study that a test may damage, and which counts. */
function copyOfStudy(): string {
  const copy = join(temporaryFolder(), "recorded");
  cpSync(recorded, copy, { recursive: true });
  vi.stubEnv(RECORDED_VARIABLE, copy);
  onTestFinished(() => void vi.unstubAllEnvs());
  return copy;
}

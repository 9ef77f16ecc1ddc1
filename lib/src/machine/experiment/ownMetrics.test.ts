import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { filesBelow } from "../../../../tests/support/cli";
import type { NamedMetric } from "../../geometry/metric";
import { loadModel } from "../../model/model";
import { loadPrompts } from "../../prompts/prompts";
import { type StudySettings, study } from "../../results/study";
import { provenanceOf } from "../../results/wording";
import { BLAS_VARIABLE } from "../backend/blas";

const SETTINGS: StudySettings = { models: ["llama-mini"], promptCount: 2, tokens: 48, shuffles: [0, 2] };
const UNITS = 4;
const LAYERS = 13;

let calls = 0;

/** Sum of all coordinates: what anybody can compute from the cloud. */
const total: NamedMetric = {
  name: "total",
  version: 1,
  measure: async ({ cloud }) => {
    calls++;
    return Float64Array.from(cloud.values).reduce((sum, value) => sum + value, 0);
  },
};

beforeAll(() => vi.stubEnv(BLAS_VARIABLE, "off"));

describe("a metric of one's own", () => {
  const store = mkdtempSync(join(tmpdir(), "own-metrics-"));
  afterAll(() => rmSync(store, { recursive: true }));
  const options = { store, backend: "wasm", workers: 1 };

  it("is measured at every layer of every prompt, in rows as the library's", async () => {
    const rows = await study({ ...SETTINGS, metrics: [total] }, options);
    const own = rows.of("total");
    expect(own).toHaveLength(UNITS * LAYERS);
    const [{ text, name }] = await loadPrompts("embedded", 1);
    const { hidden } = await (await loadModel("llama-mini", { backend: "wasm" })).run(text, { tokens: 48 });
    const expected = hidden.map(({ values }) => (values as Float32Array).reduce((sum, value) => sum + value, 0));
    own.slice(0, LAYERS).forEach((row, layer) => {
      const where = { origin: "computed", model: "llama-mini", prompt: name, shuffle: 0, layer, depth: layer / 12 };
      expect(row).toMatchObject({ ...where, quantity: "total", parameter: null, error: null });
      expect(row.value).toBeCloseTo(expected[layer], 3);
    });
    expect([...rows].filter(({ quantity }) => quantity === "total")).toEqual(own);
    expect(provenanceOf(own)).toMatchObject({ experiments: [{ ownMetrics: [{ name: "total", version: 1 }] }] });
  });

  it("is kept, an entry a prompt, beside results that stay as they are", async () => {
    const units = () =>
      new Map(filesBelow(join(store, "units")).map((file) => [file, readFileSync(join(store, "units", file), "utf8")]));
    const before = units();
    // Six entries of the library's, one of one's own, and which they are.
    expect(before.size).toBe(8 * UNITS);
    calls = 0;
    const rows = await study({ ...SETTINGS, metrics: [total] }, options);
    expect(calls).toBe(0);
    expect(new Set(rows.of("total").map(({ origin }) => origin))).toEqual(new Set(["store"]));

    await study({ ...SETTINGS, metrics: [{ ...total, version: 2 }] }, options);
    expect(calls).toBe(UNITS * LAYERS);
    const after = units();
    expect(after.size).toBe(9 * UNITS);
    for (const [file, text] of before) expect(after.get(file)).toBe(text);
  });

  it("is measured again when its code is another", async () => {
    const doubled: NamedMetric = { ...total, measure: async ({ cloud }) => 2 * cloud.values[0] };
    const [first] = (await study({ ...SETTINGS, metrics: [doubled] }, options)).of("total");
    expect(first.origin).toBe("computed");
  });

  it("is measured once by two runs at once, which plan and claim as for everything else", async () => {
    const other = mkdtempSync(join(tmpdir(), "own-metrics-"));
    calls = 0;
    const both = [1, 2].map(() => study({ ...SETTINGS, metrics: [total] }, { ...options, store: other }));
    const [first, second] = await Promise.all(both);
    expect(calls).toBe(UNITS * LAYERS);
    expect(first.experiment!.computed + second.experiment!.computed).toBe(UNITS);
    const values = [first, second].map((rows) => rows.of("total").map(({ value }) => value));
    expect(values[0]).toEqual(values[1]);
    rmSync(other, { recursive: true });
  });

  it("that fails or gives no number is named, with the layer, and nothing of it is kept", async () => {
    const entries = filesBelow(join(store, "units")).length;
    const failing: NamedMetric = {
      ...{ name: "failing", version: 1 },
      measure: async () => {
        throw new Error("no idea");
      },
    };
    await expect(study({ ...SETTINGS, metrics: [failing] }, options)).rejects.toThrow(
      "metric failing, layer 0: no idea",
    );
    const text = { name: "words", version: 1, measure: async () => "many" } as unknown as NamedMetric;
    await expect(study({ ...SETTINGS, metrics: [text] }, options)).rejects.toThrow(
      "metric words, layer 0: measure gave many, not a number",
    );
    expect(filesBelow(join(store, "units"))).toHaveLength(entries);
  });

  it.each([
    ["twoNNFit", 'the name "twoNNFit" is taken'],
    ["lastToken", 'the name "lastToken" is taken'],
    ["key", 'the name "key" is taken'],
    ["my metric", '"my metric" cannot be the name of a metric'],
  ])("cannot be called %s", async (name, message) => {
    await expect(study({ ...SETTINGS, metrics: [{ ...total, name }] }, options)).rejects.toThrow(message);
  });

  it("has a version that is a whole number, and a name of its own", async () => {
    const settings = (...metrics: NamedMetric[]) => ({ ...SETTINGS, metrics });
    await expect(study(settings({ ...total, version: 0.5 }), options)).rejects.toThrow(
      "version must be a whole number",
    );
    await expect(study(settings(total, total), options)).rejects.toThrow('the name "total" is taken');
  });
});

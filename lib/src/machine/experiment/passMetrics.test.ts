import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gride, rangeScalings } from "../../geometry/gride";
import { upTo } from "../../geometry/neighbors";
import { runNetwork } from "../../model/forward";
import { loadNetwork, type Network } from "../../model/network";
import { chooseBackend } from "../backend/backend";
import { openCheckpoint } from "../checkpoint/checkpoint";
import { resolveFromProject } from "../support/project";
import { checkAsked } from "./entries";
import { runExperiment } from "./experiment";
import { measurePrompts } from "./measurePrompt";
import { lastTokenVector } from "./passMetrics";

const folder = resolveFromProject("data/models/llama-mini");
const ids = Array.from({ length: 60 }, (_, i) => (i * 37 + 11) % 4096);

describe("metrics of a pass", () => {
  let model: Network;
  beforeAll(async () => {
    await chooseBackend("wasm");
    model = await loadNetwork(openCheckpoint(folder));
  });
  afterAll(() => model.dispose());

  it("measure the logits as GRIDE in float64 does", async () => {
    const squares = Array.from({ length: ids.length ** 2 }, () => 0);
    await runNetwork(model, ids, {
      onLogits(values, { count }) {
        for (const a of ids.keys()) {
          for (const b of ids.keys()) {
            for (let i = 0; i < count; i++) {
              squares[a * ids.length + b] += (values[a * count + i] - values[b * count + i]) ** 2;
            }
          }
        }
      },
    });
    const distances = Array.from(ids, (_, a) =>
      Array.from(ids, (_, b) => Math.sqrt(squares[a * ids.length + b]))
        .filter((_, b) => b !== a)
        .sort((first, second) => first - second),
    );
    const near = { ranks: upTo(ids.length - 1), distances: distances.map((row) => Float64Array.from(row)) };
    const expected = rangeScalings(ids.length).map((scaling) => gride(near, scaling));
    const [metrics] = await measurePrompts(model, [ids], { metrics: [["logitsIntrinsicDimension"]] });
    expect(metrics.logitsIntrinsicDimension!.map(({ scaling }) => scaling)).toEqual([2, 4, 8, 16, 32]);
    metrics.logitsIntrinsicDimension!.forEach((estimate, i) => {
      expect(Math.abs(estimate.id / expected[i].id - 1)).toBeLessThan(1e-6);
      expect(Math.abs(estimate.error / expected[i].error - 1)).toBeLessThan(1e-6);
    });
  });

  it("keep the last token's vector of every layer, to the bit", async () => {
    const states: Float32Array[] = [];
    await runNetwork(model, ids, {
      onHiddenState: ({ values, dimension }) => void states.push(values.slice(-dimension)),
    });
    const [metrics] = await measurePrompts(model, [ids], { metrics: [["lastToken"]] });
    expect(metrics.lastToken).toHaveLength(13);
    states.forEach((vector, layer) => {
      expect(lastTokenVector(metrics, layer)).toEqual(vector);
    });
    expect(() => lastTokenVector(metrics, 13)).toThrow("there are layers 0 to 12");
    expect(() => lastTokenVector({}, 0)).toThrow("ask for lastToken");
  });

  it("have names", () => {
    expect(() => checkAsked("toString")).toThrow(
      'unknown metric "toString"; there are logitsIntrinsicDimension, lastToken',
    );
  });
});

describe("an experiment with further metrics", () => {
  const store = mkdtempSync(join(tmpdir(), "pass-metrics-"));
  afterAll(() => rmSync(store, { recursive: true, force: true }));
  const settings = { models: [folder], promptCount: 2, tokens: 32, shuffleIndices: [0] };
  const run = (metrics?: ("logitsIntrinsicDimension" | "lastToken")[]) =>
    runExperiment({ ...settings, metrics }, { store, backend: "wasm" });

  it("keeps stored geometry, adds what is missing, and computes nothing twice", async () => {
    const plain = await run();
    const withLogits = await run(["logitsIntrinsicDimension"]);
    const withBoth = await run(["logitsIntrinsicDimension", "lastToken"]);
    const again = await run(["lastToken", "logitsIntrinsicDimension"]);
    expect([plain, withLogits, withBoth, again].map(({ computed }) => computed)).toEqual([2, 2, 2, 0]);
    expect((await run()).computed).toBe(0);
    const first = (experiment: typeof plain) => experiment.results[0].result;
    expect(Object.keys(first(plain))).toEqual(["layers", "loss", "meanEntropy"]);
    expect(first(withLogits).layers).toEqual(first(plain).layers);
    expect(first(withBoth)).toEqual(first(again));
    expect(first(again).logitsIntrinsicDimension).toEqual(first(withLogits).logitsIntrinsicDimension);
    const keys = (experiment: typeof plain) =>
      (experiment.manifest.models as { units: { key: string }[] }[])[0].units.map(({ key }) => key);
    expect(keys(again)).toEqual(keys(plain));
  });

  it("measures all in one pass where the store has nothing", async () => {
    const fresh = mkdtempSync(join(tmpdir(), "pass-metrics-"));
    const metrics = ["lastToken" as const, "logitsIntrinsicDimension" as const];
    const experiment = await runExperiment({ ...settings, metrics }, { store: fresh, backend: "wasm" });
    rmSync(fresh, { recursive: true });
    expect(experiment.computed).toBe(2);
    expect(experiment.results.map(({ result }) => result)).toEqual((await run(metrics)).results.map((r) => r.result));
  });
});

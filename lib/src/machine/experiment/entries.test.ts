/** The store keeps an entry a metric: each is found, measured and taken over by itself. */
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { filesBelow, PROJECT } from "../../../../tests/support/cli";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { copyModelWithTokenizer } from "../../../../tests/support/tinyModel";
import type { Metric } from "../../geometry/metric";
import { FURTHER_METRICS, METRICS } from "../../geometry/metrics";
import * as neighbors from "../../geometry/neighbors";
import { fields, number } from "../../geometry/quantities";
import { loadNetwork } from "../../model/network";
import { study } from "../../results/study";
import { chooseBackend } from "../backend/backend";
import { openCheckpoint } from "../checkpoint/checkpoint";
import type { AskedMetricName } from "./entries";
import { runExperiment } from "./experiment";
import { measurePrompts } from "./measurePrompt";
import type { ExperimentSettings } from "./plan";

vi.mock("../../geometry/neighbors", { spy: true });

const options = { backend: "cpu", workers: 1 };
const IDS = Array.from({ length: 16 }, (_, i) => (i * 37 + 11) % 90);

/** A unit that version 0.1.0 kept in one file, in a copy of its store: tests/fixtures/make/older_store.js. */
function olderStore() {
  const folder = temporaryFolder();
  const store = join(folder, "store");
  cpSync(join(PROJECT, "tests/fixtures/store-0.1.0"), store, { recursive: true });
  const settings: ExperimentSettings = {
    models: [copyModelWithTokenizer(join(folder, "tiny"))],
    prompts: join(store, "two.jsonl"),
    promptName: "two-2",
    ...{ tokens: 16, seed: "a", shuffleIndices: [0] },
  };
  return { settings, store, files: () => filesBelow(join(store, "units")) };
}

/** Raises the version of a metric for the rest of a test. */
function raise(metric: Metric): void {
  metric.version++;
  onTestFinished(() => void metric.version--);
}

describe("a unit of an earlier version, which has all metrics", () => {
  test("is used as it is, and nothing is written", async () => {
    const { settings, store, files } = olderStore();
    const before = files();
    const { computed, results } = await runExperiment(settings, { ...options, store });
    expect([computed, files()]).toEqual([0, before]);
    const kept = before.map((name) => JSON.parse(readFileSync(join(store, "units", name), "utf8")).result);
    expect(kept).toContainEqual(results[0].result);
  });

  test("gives all but the metric that has changed, which is measured alone", async () => {
    const { settings, store, files } = olderStore();
    const [before, earlier] = [files(), await runExperiment(settings, { ...options, store })];
    const measured = Object.values<Metric>(METRICS).map((metric) => vi.spyOn(metric, "measure"));
    onTestFinished(() => void measured.forEach((spy) => void spy.mockRestore()));
    raise(METRICS.cosineSimilarity);
    const { computed, results, resultOrigins } = await runExperiment(settings, { ...options, store });
    expect(measured.map(({ mock }) => mock.calls.length)).toEqual([0, 0, 4, 0, 0]);
    expect([computed, resultOrigins[0].cosineSimilarity, resultOrigins[0].twoNN]).toEqual([1, "computed", "store"]);
    // The entry, and which ones there are.
    expect(files()).toHaveLength(before.length + 2);
    results[0].result.layers.forEach(({ cosineSimilarity, ...others }, layer) => {
      const known = earlier.results[0].result.layers[layer];
      expect({ ...others, cosineSimilarity: known.cosineSimilarity }).toEqual(known);
      expect(cosineSimilarity.mean).toBeCloseTo(known.cosineSimilarity.mean, 6);
    });
    expect((await runExperiment(settings, { ...options, store })).computed).toBe(0);
  });
});

describe("a pass", () => {
  beforeAll(() => chooseBackend("cpu"));

  async function measure(...metrics: string[]) {
    const network = await loadNetwork(openCheckpoint(copyModelWithTokenizer(join(temporaryFolder(), "tiny"))));
    onTestFinished(() => network.dispose());
    vi.mocked(neighbors.nearestNeighbors).mockClear();
    const [result] = await measurePrompts(network, [IDS], { metrics: [metrics] });
    return { result, searches: vi.mocked(neighbors.nearestNeighbors).mock.calls.length };
  }

  test("that measures only the cosine similarity looks for no neighbors", async () => {
    const { result, searches } = await measure("cosineSimilarity");
    expect(Object.keys(result)).toEqual(["layers"]);
    expect(result.layers.map((layer) => Object.keys(layer))).toEqual(Array(4).fill(["cosineSimilarity"]));
    expect(searches).toBe(0);
  });

  test("that measures only the overlap has the layers before, whether others are measured or not", async () => {
    const alone = await measure("neighborhoodOverlap");
    const together = await measure("cosineSimilarity", "twoNN", "neighborhoodOverlap", "prediction");
    const overlaps = [alone, together].map(({ result }) => result.layers.map((layer) => layer.neighborhoodOverlap));
    expect(overlaps[0].map(({ length }) => length)).toEqual([0, 15, 15, 15]);
    expect(overlaps[1]).toEqual(overlaps[0]);
    expect(alone.searches).toBe(4);
  });
});

test("a further metric of the library is asked for by name, and is a file and a line", async () => {
  const meanNorms: Metric<{ mean: number; largest: number }> = {
    version: 1,
    quantities: fields({ mean: number("meanNorm"), largest: number("largestTokenNorm") }),
    measure: async ({ squaredLengths }) => {
      const norms = squaredLengths.map(Math.sqrt);
      return { mean: norms.reduce((sum, norm) => sum + norm, 0) / norms.length, largest: Math.max(...norms) };
    },
  };
  Object.assign(FURTHER_METRICS, { meanNorms });
  onTestFinished(() => void delete (FURTHER_METRICS as Record<string, Metric>).meanNorms);
  const { settings, store, files } = olderStore();
  const { shuffleIndices: shuffles, ...others } = settings;
  const without = await study({ ...others, shuffles }, { ...options, store });
  expect(() => without.of("meanNorm")).toThrow("no meanNorm; ask for the metric meanNorms");
  const before = files();
  const metrics = ["meanNorms" as AskedMetricName];
  const rows = await study({ ...others, shuffles, metrics }, { ...options, store });
  expect(files()).toHaveLength(before.length + 1);
  const [mean, largest] = [rows.of("meanNorm"), rows.of("largestTokenNorm")];
  expect(mean.map(({ layer, origin }) => [layer, origin])).toEqual([0, 1, 2, 3].map((layer) => [layer, "computed"]));
  mean.forEach(({ value }, layer) => void expect(value).toBeLessThanOrEqual(largest[layer].value));
  expect(rows.of("loss")).toMatchObject([{ origin: "store" }]);
  await expect(study({ ...others, shuffles, metrics: ["meanNorm" as AskedMetricName] }, options)).rejects.toThrow(
    'unknown metric "meanNorm"; there are logitsIntrinsicDimension, lastToken, tokenNorms, spectrum, kStar, trajectory, meanNorms',
  );
});

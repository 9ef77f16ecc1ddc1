import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { filesBelow } from "../../../../tests/support/cli";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { RECORDED_MODEL } from "../../../../tests/support/recordedStudy";
import { editJson } from "../../../../tests/support/tinyModel";
import { useRecordedStudy } from "../../../../tests/support/useRecordedStudy";
import type { NamedMetric } from "../../geometry/metric";
import { METRICS } from "../../geometry/metrics";
import { Study } from "../../results/study";
import { mergeExperiment } from "./merge";
import { lastTokenVector } from "./passMetrics";
import type { ExperimentSettings } from "./plan";
import { experimentRecord } from "./provenance";
import { RECORDED_VARIABLE } from "./recordedStudy";
import { recordedUnits } from "./recordedUnits";
import { experimentStatus } from "./status";
import { Store } from "./store";
import { readManifest } from "./storedExperiment";
import { traceExperiment, traceMerged } from "./trace";
import type { UnitResult } from "./unit";

const { recorded, run, counts } = useRecordedStudy();

describe("what is not recorded of a unit", () => {
  const one = { models: [RECORDED_MODEL], promptCount: 2, shuffleIndices: [0] };
  const total: NamedMetric = { name: "total", version: 1, measure: async ({ cloud }) => cloud.values[0] };

  /** What the study has, and what was computed besides, each as it is by itself; and everything that leads to it. */
  async function extended(change: Partial<ExperimentSettings>, lacking: string[]) {
    const store = join(temporaryFolder(), "store");
    const measured = vi.spyOn(METRICS.cosineSimilarity, "measure");
    onTestFinished(() => void vi.restoreAllMocks());
    const mixed = await run({ ...one, ...change }, store);
    expect(measured).not.toHaveBeenCalled();
    expect(counts(mixed)).toEqual({ computed: 2, reused: 0, recorded: 2 });
    expect(counts(await run({ ...one, ...change }, store))).toEqual({ computed: 0, reused: 2, recorded: 2 });
    const { metrics, ownMetrics, ...special } = change;
    const alone = await run({ ...one, ...special });
    mixed.results.forEach(({ result }, i) => {
      expect(result.loss).toBe(alone.results[i].result.loss);
      expect(result.layers.map(({ cosineSimilarity }) => cosineSimilarity)).toEqual(
        alone.results[i].result.layers.map(({ cosineSimilarity }) => cosineSimilarity),
      );
      expect(mixed.resultOrigins[i]).toMatchObject({ prediction: "recorded", cosineSimilarity: "recorded" });
      for (const name of lacking) expect(mixed.resultOrigins[i][name]).toBe("computed");
    });
    expect(filesBelow(join(store, "units"))).toHaveLength(2 * lacking.length);
    const experiment = readManifest(mixed.manifestPath);
    const status = () => experimentStatus(new Store(store), experiment).done;
    expect(status()).toBe(2);
    const record = experimentRecord(mixed.manifest, mixed.results, mixed.origins);
    expect(await traceExperiment(new Store(store), record)).toMatchObject({ state: "unchanged" });
    const out = join(store, "merged.json");
    mergeExperiment([store], [experiment], out, { recorded: await recordedUnits(experiment.models) });
    const merged: { result: UnitResult }[] = JSON.parse(readFileSync(out, "utf8")).results;
    expect(merged.map(({ result }) => result)).toEqual(
      mixed.results.map(({ result }) => JSON.parse(JSON.stringify(result))),
    );
    expect(await traceMerged(new Store(store), out)).toMatchObject({ state: "unchanged" });
    rmSync(join(store, "units"), { recursive: true });
    expect(status()).toBe(0);
    expect(await traceExperiment(new Store(store), record)).toMatchObject({ state: "incomplete" });
    return mixed;
  }

  test("is computed alone: a further metric", async () => {
    const { results } = await extended({ bos: true, metrics: ["lastToken"] }, ["lastToken"]);
    expect(lastTokenVector(results[0].result, 12)).toHaveLength(128);
  });

  test("is computed alone: one of one's own", async () => {
    const mixed = await extended({ ownMetrics: [total] }, ["total"]);
    const rows = new Study(mixed).of("total");
    expect(rows).toHaveLength(2 * 13);
    expect(rows[0]).toMatchObject({ origin: "computed", layer: 0 });
    expect(new Study(mixed).of("loss")[0].origin).toBe("recorded");
  });

  test("is computed alone: a metric that has changed, of which the recorded numbers are not used", async () => {
    METRICS.twoNN.version++;
    onTestFinished(() => void METRICS.twoNN.version--);
    const { results } = await extended({}, ["twoNN"]);
    const { ml } = results[0].result.layers[5].twoNN;
    expect(ml).not.toBe(Math.fround(ml));
  });

  test("is all computed if the model is another than the recorded one", async () => {
    const other = copyOfStudy();
    editJson(join(other, "llama-mini.json"), (is) => ({
      ...is,
      model: { ...(is.model as object), files: { "model.safetensors": { sha256: "0".repeat(64), bytes: 1 } } },
    }));
    expect(counts(await run({ ...one, models: ["llama-mini"], ownMetrics: [total] })).recorded).toBe(0);
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

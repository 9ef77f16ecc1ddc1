import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { filesBelow } from "../../../tests/support/cli";
import { temporaryFolder } from "../../../tests/support/notebooks";
import { copyModelWithTokenizer } from "../../../tests/support/tinyModel";
import type { NamedMetric } from "../geometry/metric";
import { runExperiment } from "../machine/experiment/experiment";
import { recordedUnits } from "../machine/experiment/recordedUnits";
import { experimentsOf, readManifest } from "../machine/experiment/storedExperiment";
import { storedStudy } from "./storedStudy";
import { Study } from "./study";
import { provenanceOf } from "./wording";

const TEXT = "The tide came in over the flats, and the boats that had lain on their sides all day began to stir.";
const total: NamedMetric = { name: "total", version: 1, measure: async ({ cloud }) => cloud.values[0] };

describe("what a store has", () => {
  const folder = mkdtempSync(join(tmpdir(), "token-geometry-stored-"));
  const store = join(folder, "store");
  let live: Study;

  beforeAll(async () => {
    const model = copyModelWithTokenizer(join(folder, "tiny"));
    writeFileSync(join(folder, "two.jsonl"), `${JSON.stringify(TEXT)}\n${JSON.stringify(TEXT.toUpperCase())}\n`);
    const measured = { metrics: ["logitsIntrinsicDimension" as const], ownMetrics: [total] };
    const what = { models: [model], prompts: join(folder, "two.jsonl"), tokens: 64, shuffleIndices: [0, 2] };
    live = new Study(await runExperiment({ ...what, ...measured }, { store, backend: "wasm", workers: 1 }));
    rmSync(model, { recursive: true }); // It is not needed any more.
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("gives the rows that were measured, to the digit, and their provenance", () => {
    const again = storedStudy([store], experimentsOf(store));
    const rows = [...again];
    expect(rows.length).toBeGreaterThan(1000);
    const bare = (study: Iterable<object>) =>
      [...study].map((row) => Object.fromEntries(Object.entries({ ...row, origin: "store" })));
    expect(bare(rows)).toEqual(bare(live));
    expect(rows.filter(({ quantity }) => quantity === "total")).toHaveLength(4 * 4);
    expect(new Set(rows.map(({ origin }) => origin))).toEqual(new Set(["store"]));
    expect(provenanceOf(rows)).toEqual(provenanceOf([...live]));
  });

  test("only if all of it is there, and belongs together", async () => {
    const [experiment] = experimentsOf(store);
    const empty = temporaryFolder();
    expect(() => storedStudy([empty], [experiment])).toThrow("4 of 4 units are not in");
    const other = { ...experiment, facts: { ...experiment.facts, node: "v1" } };
    expect(() => storedStudy([store], [experiment, other])).toThrow("these results do not belong together");
    const [entry] = filesBelow(join(store, "units")).filter((name) => {
      return JSON.parse(readFileSync(join(store, "units", name), "utf8")).result?.twoNN;
    });
    const path = join(store, "units", entry);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/"fit":\d/, '"fit":9'));
    expect(() => storedStudy([store], [experiment])).toThrow("(damaged)");
    writeFileSync(path, text);
  });
});

test("what is recorded is among the rows, and says so", async () => {
  const store = join(temporaryFolder(), "store");
  const what = { models: ["smollm2-135m"], promptCount: 1, shuffleIndices: [0] };
  const measured = await runExperiment(what, { store });
  const experiment = readManifest(measured.manifestPath);
  const recorded = await recordedUnits(experiment.models);
  const rows = [...storedStudy([store], [experiment], { recorded })];
  expect(new Set(rows.map(({ origin }) => origin))).toEqual(new Set(["recorded"]));
  expect(rows).toEqual([...new Study(measured)]);
});

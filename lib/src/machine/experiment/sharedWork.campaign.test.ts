/** Several workers on one store: shards, help, progress, and collecting what they found. */
import { cpSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { filesBelow } from "../../../../tests/support/cli";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { copyModelWithTokenizer, editJson, editSafetensors } from "../../../../tests/support/tinyModel";
import { chooseBackend } from "../backend/backend";
import { EXPIRY } from "../support/signsOfLife";
import { coreEntries } from "./entries";
import { runExperiment } from "./experiment";
import { UnitClaims } from "./lock";
import { mergeExperiment } from "./merge";
import type { ExperimentSettings } from "./plan";
import { experimentStatus } from "./status";
import { Store } from "./store";
import { experimentsOf, readManifest, type StoredExperiment, unitsOf } from "./storedExperiment";

const TEXT = "A barge that is loaded to the gunwales needs the whole lock, and the keeper lets nobody in beside it.";

/** A tiny model, four prompts in two orders: eight units. */
function workplace(): { folder: string; settings: ExperimentSettings; store: string } {
  const folder = temporaryFolder();
  const model = copyModelWithTokenizer(join(folder, "tiny"));
  const prompts = join(folder, "four.jsonl");
  writeFileSync(prompts, [0, 1, 2, 3].map((index) => `${JSON.stringify(`${index} ${TEXT}`)}\n`).join(""));
  const settings = { models: [model], prompts, tokens: 64, shuffleIndices: [0, 2], seed: "a" };
  return { folder, settings, store: join(folder, "store") };
}

beforeAll(() => chooseBackend("cpu"));
const backend = "cpu";

describe("shards", () => {
  test("each computes its own; together they are the whole, byte for byte", async () => {
    const { settings, store, folder } = workplace();
    const whole = await runExperiment(settings, { store: join(folder, "whole"), backend });
    const parts = [];
    for (const index of [2, 0, 1])
      parts.push(await runExperiment(settings, { store, backend, shard: { index, count: 3 } }));
    expect(parts.map(({ computed, helped }) => [computed, helped])).toEqual([
      [2, 0],
      [3, 0],
      [3, 0],
    ]); // 2, 5; 0, 3, 6; 1, 4, 7
    expect(parts[0].results).toEqual([whole.results[2], whole.results[5]]);
    expect(parts.map(({ manifest }) => manifest)).toEqual(Array(3).fill(whole.manifest));
    const read = (name: string) =>
      filesBelow(join(name, "units")).map((file) => readFileSync(join(name, "units", file)));
    expect(read(store)).toEqual(read(join(folder, "whole")));
  });

  test("with more shards than units, some have nothing to do", async () => {
    const { settings, store } = workplace();
    const { computed, results } = await runExperiment(settings, { store, backend, shard: { index: 8, count: 9 } });
    expect([computed, results]).toEqual([0, []]);
  });

  test("a worker that is done computes what is left of the others, but waits for nobody", async () => {
    const { settings, store } = workplace();
    const { models } = (await runExperiment(settings, { store, backend, shard: { index: 8, count: 9 } })).manifest;
    const key = (models as { units: { key: string }[] }[])[0].units[1].key;
    const other = new UnitClaims(store);
    onTestFinished(other.close);
    other.take(key);
    const helper = await runExperiment(settings, { store, backend, shard: { index: 0, count: 2 }, helpOthers: true });
    expect([helper.computed, helper.helped, helper.results.length]).toEqual([4, 3, 4]);
    other.release(key);
    const last = await runExperiment(settings, { store, backend, shard: { index: 1, count: 2 }, helpOthers: true });
    expect([last.computed, last.reused, last.helped]).toEqual([1, 3, 0]);
  });

  test("several helpers at once compute every unit once", async () => {
    const { settings, store } = workplace();
    const shards = [0, 1, 2].map((index) => ({ index, count: 3 }));
    const done = await Promise.all(
      shards.map((shard) => runExperiment(settings, { store, backend, shard, helpOthers: true, workers: 1 })),
    );
    expect(done.reduce((sum, { computed, helped }) => sum + computed + helped, 0)).toBe(8);
    expect(readdirSync(join(store, "claims"))).toEqual([]);
  });
});

test("a run says by what the results were computed that it found in the store", async () => {
  const { settings, store } = workplace();
  const first = await runExperiment({ ...settings, metrics: ["lastToken"] }, { store, backend });
  expect(first.origins).toMatchObject([{ backend, node: process.version }]);
  const opened = new Store(store);
  const unit = opened.read(unitsOf(only(store))[3].key);
  if (typeof unit === "string") throw new Error(unit);
  const entry = opened.find(coreEntries(unit.inputs).find(({ name }) => name === "twoNN")!.inputs)!;
  opened.save({ ...entry, provenance: { ...entry.provenance, node: "v99.0.0" } });
  const again = await runExperiment({ ...settings, metrics: ["lastToken"] }, { store, backend });
  expect(again.origins.map(({ node }) => node)).toEqual([process.version, "v99.0.0"]);
  expect(again.manifest).toEqual(first.manifest);
});

/** The only experiment of a store. */
function only(store: string): StoredExperiment {
  const found = experimentsOf(store);
  expect(found).toHaveLength(1);
  return found[0];
}

describe("status", () => {
  test("knows what is done, running, missing and damaged, in each shard, and how long the rest takes", async () => {
    const { settings, store } = workplace();
    await runExperiment(settings, { store, backend, shard: { index: 0, count: 2 } });
    const experiment = only(store);
    const units = unitsOf(experiment);
    const quiet = experimentStatus(new Store(store), experiment);
    expect(quiet).toMatchObject({
      total: 8,
      done: 4,
      running: 0,
      missing: 4,
      damaged: 0,
      secondsLeft: null,
      workers: [],
    });
    expect(quiet.shards).toMatchObject([
      { total: 4, done: 4, missing: 0, secondsLeft: 0 },
      { total: 4, done: 0, missing: 4, secondsLeft: null },
    ]);

    const began = Date.now();
    const worker = new UnitClaims(store);
    onTestFinished(worker.close);
    worker.take(units[1].key);
    for (const [place, seconds] of [
      [0, -50],
      [2, 10],
      [4, 20],
      [6, 30],
    ]) {
      const time = new Date(began + 1000 * seconds);
      utimesSync(unitPath(store, units[place].key), time, time);
    }
    writeFileSync(unitPath(store, units[0].key), "{");
    // Three units since the worker began, half a minute ago: five are left.
    const busy = experimentStatus(new Store(store), experiment, { now: began + 30_000 });
    expect(busy).toMatchObject({ done: 3, running: 1, missing: 3, damaged: 1 });
    expect(busy.workers).toMatchObject([{ process: process.pid, units: 1 }]);
    expect(busy.secondsLeft).toBeCloseTo(50, 0);
    expect(busy.shards).toMatchObject([
      { done: 3, damaged: 1 },
      { done: 0, running: 1, missing: 3, secondsLeft: null },
    ]);
    expect(experimentStatus(new Store(store), experiment, { shards: 8 }).shards.map(({ total }) => total)).toEqual(
      Array(8).fill(1),
    );
    const quick = experimentStatus(new Store(store), experiment, { quick: true, now: began + 30_000 });
    expect(quick).toMatchObject({ done: 4, running: 1, missing: 3, damaged: 0 });
    const later = experimentStatus(new Store(store), experiment, { now: began + EXPIRY + 10_000 });
    expect(later).toMatchObject({ running: 0, missing: 4, workers: [] });
  });
});

const unitPath = (store: string, key: string): string => join(store, "units", key.slice(0, 2), `${key}.json`);

describe("merge", () => {
  test("gives the same bytes from one store or several, whoever computed what", async () => {
    const { settings, store, folder } = workplace();
    const metrics: ExperimentSettings = { ...settings, metrics: ["lastToken"] };
    await runExperiment(metrics, { store, backend });
    const one = mergeExperiment([store], [only(store)], join(folder, "one.json"));
    const stores = [0, 1].map((index) => join(folder, `part-${index}`));
    for (const [index, part] of stores.entries()) {
      await runExperiment(metrics, { store: part, backend, shard: { index, count: 2 } });
    }
    const two = mergeExperiment(stores, stores.map(only), join(folder, "two.json"));
    expect(two).toEqual({ ...one, path: two.path });
    expect(readFileSync(two.path).equals(readFileSync(one.path))).toBe(true);
    const { results } = JSON.parse(readFileSync(one.path, "utf8"));
    expect(results).toHaveLength(8);
    expect(results[3]).toMatchObject({ model: "tiny", prompt: "four-2", shuffleIndex: 2 });
    expect(Object.keys(results[3].result).sort()).toEqual(["lastToken", "layers", "loss", "meanEntropy"]);
  });

  test("refuses an experiment that is not whole, naming what is lost and the command that computes it", async () => {
    const { settings, store, folder } = workplace();
    await runExperiment(settings, { store, backend, shard: { index: 0, count: 2 } });
    const experiment = only(store);
    writeFileSync(unitPath(store, unitsOf(experiment)[0].key), "{}");
    const out = join(folder, "merged.json");
    expect(() => mergeExperiment([store], [experiment], out)).toThrow(
      /5 of 8 units are not in .*: tiny\/four-1\/S=0 \(damaged\), tiny\/four-1\/S=2, .*compute them: token-geometry run --model/,
    );
    expect(readdirSync(folder)).not.toContain("merged.json");
  });

  /** Each change of the second half, what it differs in, and the two values. */
  const mixtures: [
    what: string,
    change: (settings: ExperimentSettings, folder: string) => ExperimentSettings,
    fact: string,
    values: string[],
  ][] = [
    ["another seed", (settings) => ({ ...settings, seed: "b" }), "seed", ['"a"', '"b"']],
    [
      "another precision",
      (settings) => ({ ...settings, captured: "bfloat16" }),
      "captured",
      ['"float32"', '"bfloat16"'],
    ],
    ["a token left out", (settings) => ({ ...settings, leaveOut: 1 }), "leaveOut", ["1"]],
    ["a token in front", (settings) => ({ ...settings, bos: true }), "bos", ["true"]],
    [
      "another checkpoint of the same name",
      (settings, folder) => {
        const model = join(folder, "other", "tiny");
        cpSync(settings.models[0], model, { recursive: true });
        editSafetensors(join(model, "model.safetensors"), (_, data) => void data.writeUInt8(data[0] ^ 1));
        return { ...settings, models: [model] };
      },
      "checkpoint tiny, model.safetensors",
      [],
    ],
    [
      "other prompts of the same names",
      (settings) => {
        writeFileSync(settings.prompts!, readFileSync(settings.prompts!, "utf8").replaceAll("barge", "canoe"));
        return settings;
      },
      "prompt set of tiny",
      [],
    ],
    ["other orders", (settings) => ({ ...settings, shuffleIndices: [0, 1] }), "shuffleIndices", ["[0,2]", "[0,1]"]],
    ["fewer tokens", (settings) => ({ ...settings, tokens: 48 }), "tokens", ["64", "48"]],
    ["another backend", (settings) => settings, "backend", ['"cpu"', '"wasm"']],
  ];

  test.each(mixtures)("refuses to mix with %s, and says in what they differ", async (what, change, fact, values) => {
    const { settings, store, folder } = workplace();
    await runExperiment(settings, { store, backend });
    const other = what === "another backend" ? "wasm" : backend;
    await runExperiment(change(settings, folder), { store, backend: other });
    await chooseBackend(backend);
    let message = "";
    try {
      mergeExperiment([store], experimentsOf(store), join(folder, "merged.json"));
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(/^these results do not belong together: \(1\) .*\. Name one experiment/);
    const line = message.split(/\(\d\) /).find((part) => part.startsWith(`${fact}: `));
    expect(line, message).toBeDefined();
    for (const value of values) expect(line).toContain(`${value} (`);
    for (const { source } of experimentsOf(store)) expect(line).toContain(source);
    expect(message).not.toContain("units of");
    expect(readdirSync(folder)).not.toContain("merged.json");
  });

  test("refuses units of another version or device of which the manifest knows nothing, unless it is allowed", async () => {
    const { settings, store, folder } = workplace();
    await runExperiment(settings, { store, backend });
    const experiment = only(store);
    // As another machine with a store of its own would have computed it.
    const opened = new Store(store);
    const unit = opened.read(unitsOf(experiment)[5].key);
    if (typeof unit === "string") throw new Error(unit);
    opened.save({ ...unit, provenance: { ...unit.provenance, node: "v99.0.0", tokenGeometry: "9.9.9" } });
    const out = join(folder, "merged.json");
    expect(() => mergeExperiment([store], [experiment], out)).toThrow(
      /\(1\) tokenGeometry: "\S+" \(tiny\/four-1\/S=0 and 6 more\), "9\.9\.9" \(tiny\/four-3\/S=2\); \(2\) node: /,
    );
    const { path } = mergeExperiment([store], [experiment], out, { allowed: ["node", "tokenGeometry"] });
    expect(JSON.parse(readFileSync(path, "utf8")).experiment.node).toEqual([process.version, "v99.0.0"]);
  });

  test("refuses stores that contradict each other", async () => {
    const { settings, store, folder } = workplace();
    await runExperiment(settings, { store, backend });
    const other = join(folder, "other");
    cpSync(store, other, { recursive: true });
    const opened = new Store(other);
    const unit = opened.read(unitsOf(only(store))[1].key);
    if (typeof unit === "string") throw new Error(unit);
    opened.save({ ...unit, result: { ...unit.result, loss: unit.result.loss + 1e-9 } });
    expect(() => mergeExperiment([store, other], [only(store)], join(folder, "merged.json"))).toThrow(
      "the stores contradict each other in 1 units: tiny/four-1/S=2",
    );
  });

  test("refuses a manifest that was changed, one of another format, and one that leads out of the store", async () => {
    const { settings, store } = workplace();
    const { manifestPath } = await runExperiment(settings, { store, backend });
    editJson(manifestPath, (manifest) => void (manifest.models as { units: unknown[] }[])[0].units.pop());
    expect(() => readManifest(manifestPath)).toThrow(/was changed after it was written/);
    editJson(manifestPath, (manifest) => void Object.assign(manifest, { format: 99 }));
    expect(() => readManifest(manifestPath)).toThrow(/format 99; this version knows 1/);
    editJson(manifestPath, (manifest) => {
      manifest.format = 1;
      (manifest.models as { units: { key: string }[] }[])[0].units[0].key = "../../secret";
    });
    expect(() => readManifest(manifestPath)).toThrow(/unit 1 of the manifest's model 1 is damaged/);
  });
});

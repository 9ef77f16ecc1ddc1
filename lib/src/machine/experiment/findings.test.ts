import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesBelow, PROJECT } from "../../../../tests/support/cli";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { copyModelWithTokenizer } from "../../../../tests/support/tinyModel";
import { METRICS } from "../../geometry/metrics";
import { machineName } from "../support/machine";
import { type ExperimentResult, runExperiment } from "./experiment";
import { describeFindings } from "./findings";
import type { ExperimentSettings } from "./plan";

const OLDER = join(PROJECT, "tests/fixtures/store-0.1.0");

/** The experiment of tests/fixtures/make/older_store.js, and a copy of the store that it left. */
function olderStore(): { settings: ExperimentSettings; store: string } {
  const folder = temporaryFolder();
  const store = join(folder, "store");
  cpSync(OLDER, store, { recursive: true });
  const model = copyModelWithTokenizer(join(folder, "tiny"));
  const prompts = join(store, "two.jsonl");
  return { store, settings: { models: [model], prompts, tokens: 16, seed: "a", shuffleIndices: [0, 2] } };
}

/** Runs an experiment; also returns what it says at its end. */
async function run(settings: ExperimentSettings, store: string): Promise<ExperimentResult & { said: string }> {
  let said = "";
  const progress = {
    update: () => {},
    finish: (note = "") => {
      said = note;
    },
  };
  return { ...(await runExperiment(settings, { store, backend: "cpu", workers: 1, progress })), said };
}

test("a store of version 0.1.0: what holds is reused, the rest is computed anew, and the run says what it found", async () => {
  const { settings, store } = olderStore();
  const before = filesBelow(store);
  const first = await run(settings, store);
  const changed = Object.values(METRICS).some(({ version }) => version !== 1);
  expect([first.computed, first.reused]).toEqual(changed ? [4, 0] : [3, 1]);
  expect(first.said).toContain(`twoNN 0 -> ${METRICS.twoNN.version}`);
  if (!changed) expect(first.said).toContain("(found: 1 of an older format; 2 of an older version: twoNN 0 -> 1)");
  // What is outdated stays, for those who still have the older version.
  expect(filesBelow(store)).toEqual(expect.arrayContaining(before));
  const second = await run(settings, store);
  expect([second.computed, second.reused]).toEqual([0, 4]);
  expect(second.said).not.toContain("found");
  const fresh = await run(settings, join(temporaryFolder(), "store"));
  expectAlike(second.results, fresh.results);
});

/** Equal but for the rounding of numbers: another version may add up in another order. */
function expectAlike(one: unknown, other: unknown): void {
  if (typeof one === "number" && typeof other === "number") {
    if (Number.isFinite(other)) expect(Math.abs(one - other)).toBeLessThanOrEqual(1e-6 * Math.abs(other) + 1e-9);
    else expect(one).toBe(other);
  } else if (one && other && typeof one === "object" && typeof other === "object") {
    expect(Object.keys(one)).toEqual(Object.keys(other));
    for (const [key, value] of Object.entries(one)) expectAlike(value, (other as Record<string, unknown>)[key]);
  } else expect(one).toEqual(other);
}

test("other prompts, another seed, another precision are nothing outdated", async () => {
  const { settings, store } = olderStore();
  for (const change of [{ seed: "b" }, { tokens: 12, shuffleIndices: [0] }, { captured: "bfloat16" as const }]) {
    const { said } = await run({ ...settings, ...change }, store);
    expect(said).not.toContain("older version");
  }
});

test("units that were cut off, and units with one bit another, are computed again, to the byte", async () => {
  const { settings } = olderStore();
  const store = join(temporaryFolder(), "store"); // all of it by this version
  await run(settings, store);
  const files = filesBelow(join(store, "units")).map((name) => join(store, "units", name));
  const names = files.filter((file) => readFileSync(file, "utf8").includes('"meanEntropy":'));
  const whole = new Map(names.map((name) => [name, readFileSync(name)]));
  const { said: nothing } = await run(settings, store);
  expect(nothing).not.toContain("found");
  expect(names).toHaveLength(4);
  for (const bit of [0, 1, 2, 3]) {
    // In the middle of a number, say.
    const bytes = Buffer.from(whole.get(names[bit])!);
    bytes[bytes.lastIndexOf('"meanEntropy":') + 17 + bit] ^= 1 << bit;
    writeFileSync(names[bit], bytes);
  }
  writeFileSync(names[0], whole.get(names[0])!.subarray(0, 300));
  const again = await run(settings, store);
  expect(again.computed).toBe(4);
  expect(again.said).toContain("(found: 4 damaged)");
  for (const name of names) expect(readFileSync(name).equals(whole.get(name)!)).toBe(true);
});

test("units that have the right checksum, but not the parts of a unit, are damaged too", async () => {
  const { settings, store } = olderStore();
  const { Store } = await import("./store");
  await run(settings, store);
  const opened = new Store(store);
  const keys = filesBelow(join(store, "units")).map((name) => name.slice(3, -5));
  const fileOf = (key: string) =>
    JSON.parse(readFileSync(join(store, "units", key.slice(0, 2), `${key}.json`), "utf8"));
  // One of an earlier version, which has everything; an entry; and a unit that says which entries there are.
  const earlier = keys.find((key) => fileOf(key).result?.layers && fileOf(key).checksum)!;
  const entry = keys.find((key) => fileOf(key).result?.twoNN)!;
  const unit = keys.find((key) => !fileOf(key).result)!;
  const unfit: [key: string, change: object][] = [
    [earlier, { result: { ...fileOf(earlier).result, layers: [{}] } }],
    [earlier, { result: { layers: fileOf(earlier).result.layers } }],
    ...[{ twoNN: {} }, { twoNN: [1, 2] }, {}, 7].map((result): [string, object] => [entry, { result }]),
    ...[earlier, entry, unit].map((key): [string, object] => [key, { provenance: null }]),
    [unit, { result: [] }],
  ];
  for (const [key, change] of unfit) {
    const { checksum, ...file } = fileOf(key);
    opened.save({ ...file, ...change });
    expect(opened.read(key)).toBe("damaged");
    opened.save(file);
    expect(opened.read(key)).toMatchObject({ inputs: file.inputs });
  }
  // Entries of a unit that do not fit together.
  const { checksum, ...twoNN } = fileOf(entry);
  const whole = keys.find((key) => !fileOf(key).result && fileOf(key).inputs.ids === twoNN.inputs.ids)!;
  opened.save({ ...twoNN, result: { twoNN: twoNN.result.twoNN.slice(1) } });
  expect(opened.read(whole)).toBe("damaged");
  expect((await run(settings, store)).computed).toBe(1);
  expect(opened.read(whole)).toMatchObject({ result: { loss: expect.any(Number) } });
});

test("files that a killed process was writing are removed, and it is said", async () => {
  const { settings, store } = olderStore();
  await run(settings, store);
  const before = filesBelow(store);
  const [unit] = before.filter((name) => name.startsWith("units"));
  writeFileSync(join(store, `${unit}.${machineName()}.999999999.0123abcd.tmp`), "{");
  expect((await run(settings, store)).said).toContain("(found: 1 half-written files removed)");
  expect(filesBelow(store)).toEqual(before);
});

test("findings in words", () => {
  const nothing = { damaged: 0, unsealed: 0, outdated: { units: 0, changes: [] }, abandoned: 0, unfinished: 0 };
  expect(describeFindings(nothing)).toBe("");
  const all = {
    damaged: 1,
    unsealed: 2,
    outdated: { units: 3, changes: ["twoNN 1 -> 2"] },
    abandoned: 4,
    unfinished: 5,
  };
  expect(describeFindings(all)).toBe(
    " (found: 1 damaged; 2 of an older format; 3 of an older version: twoNN 1 -> 2; " +
      "4 begun by runs that did not end them; 5 half-written files removed)",
  );
});

import { execFile } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BLAS_VARIABLE } from "../machine/backend/blas";
import { readNpy } from "../machine/support/npy";
import { PROJECT_ROOT } from "../machine/support/project";
import { HIDDEN_VARIABLE } from "./keptRuns";
import { loadModel, type Model } from "./model";

const TEXT = "The tide came in over the flats, and the boats began to stir.";
let store: string;
let models: Model[] = [];

const folder = () => join(store, "hidden");
const files = () => readdirSync(folder()).sort();
/** Whether the network has been run: its weights are read then. */
const hasWeights = () => tf.memory().numTensors > 0;

async function freshModel(path = "llama-mini"): Promise<Model> {
  const model = await loadModel(path, { backend: "wasm" });
  models.push(model);
  return model;
}

function forget(): void {
  for (const model of models) model.dispose();
  models = [];
}

beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), "token-geometry-kept-"));
  vi.stubEnv("TOKEN_GEOMETRY_STORE", store);
  vi.stubEnv(BLAS_VARIABLE, "off");
  vi.stubEnv(HIDDEN_VARIABLE, undefined);
});
afterEach(() => {
  forget();
  vi.unstubAllEnvs();
  rmSync(store, { recursive: true, force: true });
});

describe("hidden states", () => {
  test("are read instead of computed when they are asked for again, to the last bit", async () => {
    const first = await (await freshModel()).run(TEXT, { leaveOut: 2 });
    forget();
    const again = await (await freshModel()).run(TEXT, { leaveOut: 2 });
    expect(hasWeights()).toBe(false);
    expect(again).toEqual(first);
    expect(files().map((name) => name.replace(/^[0-9a-f]{64}/, ""))).toEqual([".json", ".npy"]);
  });

  test("are a .npy file that anybody can open", async () => {
    const { hidden, tokens } = await (await freshModel()).run(TEXT);
    const { shape, data } = readNpy(join(folder(), files()[1]));
    expect(shape).toEqual([13, tokens.ids.length, 128]);
    const size = tokens.ids.length * 128;
    expect(data.slice(12 * size)).toEqual(hidden[12].values);
  });

  test("of a single token, whose loss is NaN", async () => {
    const first = await (await freshModel()).run([7]);
    expect(await (await freshModel()).run([7])).toEqual(first);
    expect(first.loss).toBeNaN();
  });

  test("of other tokens, another order, another beginning are others", async () => {
    const model = await freshModel();
    const all = [{}, { tokens: 8 }, { tokens: 8, shuffle: { index: 1 } }, { leaveOut: 1 }, { bos: true }];
    for (const options of all) await model.run(TEXT, options);
    expect(files()).toHaveLength(2 * all.length);
  });

  test.each([
    ["cut short", (path: string) => writeFileSync(path, "")],
    ["longer than it says", (path: string) => appendFileSync(path, "0000")],
    ["removed", (path: string) => rmSync(path)],
    ["no JSON, or no array", (path: string) => writeFileSync(path, "{]".repeat(100))],
  ])("whose file is %s are computed again", async (_, damage) => {
    const first = await (await freshModel()).run(TEXT);
    for (const name of files()) {
      forget();
      damage(join(folder(), name));
      expect(await (await freshModel()).run(TEXT)).toEqual(first);
      expect(hasWeights()).toBe(true);
    }
  });

  test("in which a bit has flipped are computed again, and replaced", async () => {
    const first = await (await freshModel()).run(TEXT);
    const [, name] = files();
    const bytes = readFileSync(join(folder(), name));
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(join(folder(), name), bytes);
    forget();
    for (const computed of [true, false]) {
      expect(await (await freshModel()).run(TEXT)).toEqual(first);
      expect(hasWeights()).toBe(computed);
      forget();
    }
  });

  test("over the budget go, those first that were not asked for longest", async () => {
    vi.stubEnv(HIDDEN_VARIABLE, "0.15"); // MB; a run of 8 tokens has 13 x 8 x 128 x 4 bytes = 53 kB
    const model = await freshModel();
    const run = (first: number) => model.run([first, 2, 3, 4, 5, 6, 7, 8]);
    for (const first of [1, 2]) await run(first);
    const old = new Date(Date.now() - 60_000);
    for (const name of files()) utimesSync(join(folder(), name), old, old);
    await run(1); // asked for again
    await run(3);
    expect(files()).toHaveLength(4);
    forget();
    await (await freshModel()).run([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(hasWeights()).toBe(false);
  });

  test.each([
    ["keep: false", { keep: false }, "512"],
    ["hidden: false", { hidden: false }, "512"],
    ["a budget of 0", {}, "0"],
    ["more than the budget", {}, "0.01"],
  ])("are not kept with %s", async (_, options, budget) => {
    vi.stubEnv(HIDDEN_VARIABLE, budget);
    await (await freshModel()).run(TEXT, options);
    expect(readdirSync(store)).toEqual([]);
  });

  test("are computed where nothing can be written", async () => {
    writeFileSync(join(store, "hidden"), "no folder");
    expect((await (await freshModel()).run(TEXT)).hidden).toHaveLength(13);
  });

  test("of a checkpoint that was exchanged are not those of the old one", async () => {
    const copy = join(store, "model");
    cpSync(join(PROJECT_ROOT, "data/models/llama-mini"), copy, { recursive: true });
    const model = await freshModel(copy);
    const before = await model.run(TEXT);
    forget();
    cpSync(join(PROJECT_ROOT, "data/models/mistral-mini"), copy, { recursive: true });
    const after = await (await freshModel(copy)).run(TEXT, { tokens: before.tokens.ids.length });
    expect(after.loss).not.toBe(before.loss);
    expect(files()).toHaveLength(4);
  });

  test("of two processes that compute the same at once are whole", async () => {
    const program = `require("token-geometry").loadModel("llama-mini", { backend: "wasm" })
      .then((model) => model.run(${JSON.stringify(TEXT)})).then(({ loss }) => console.log(loss));`;
    const start = () => promisify(execFile)(process.execPath, ["-e", program], { cwd: PROJECT_ROOT });
    const [one, other] = await Promise.all([start(), start()]);
    expect(one.stdout).toBe(other.stdout);
    expect(files()).toHaveLength(2);
    expect((await (await freshModel()).run(TEXT)).loss).toBe(Number(one.stdout));
    expect(hasWeights()).toBe(false);
  });
});

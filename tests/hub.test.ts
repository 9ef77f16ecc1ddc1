import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { main } from "../lib/src/programs/cli/main";
import { checkpointFiles, TOKEN, useFakeHub } from "./support/useFakeHub";

const { hub, home } = useFakeHub();
let stdout = "";
let stderr = "";

beforeEach(() => {
  stdout = "";
  stderr = "";
  vi.stubEnv("HF_TOKEN", TOKEN);
  vi.stubEnv("DEBUG", "1");
  vi.stubEnv("TOKEN_GEOMETRY_BACKEND", "cpu");
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
  process.exitCode = 0;
});

/** Everything that a command printed or left on the disk must be without the token. */
function expectNoToken(): void {
  expect(stdout + stderr).not.toContain(TOKEN);
  for (const path of readdirSync(home(), { recursive: true, encoding: "utf8" })) {
    const file = join(home(), path);
    if (statSync(file).isFile()) expect(readFileSync(file, "latin1")).not.toContain(TOKEN);
  }
}

async function run(...args: string[]): Promise<void> {
  stdout = "";
  stderr = "";
  await main(["node", "token-geometry", ...args]);
}

const model = (): Record<string, Buffer | string> => ({
  ...checkpointFiles("llama-gqa"),
  ...Object.fromEntries(
    ["vocab.json", "merges.txt", "tokenizer_config.json"].map((name) => [
      name,
      readFileSync(join(__dirname, "fixtures/byte-pair", name)),
    ]),
  ),
});

test("a gated model of the hub, from its name to a result and a manifest, without a trace of the token", async () => {
  hub.add("models", "meta/tiny-llama", { files: model(), access: { kind: "gated", tokens: [TOKEN] } });
  const out = join(home(), "hidden.npy");
  await run("extract", "--model", "meta/tiny-llama", "--ids", "1,2,3,4", "--out", out, "--json");
  expect(JSON.parse(stdout)).toMatchObject({ tokens: [1, 2, 3, 4], shape: [expect.any(Number), 4, 32] });
  expectNoToken();
  await run("models", "--json");
  const list = JSON.parse(stdout);
  expect(list.cached).toEqual([
    expect.objectContaining({
      name: "meta/tiny-llama",
      family: "llama",
      commit: expect.stringMatching(/^[0-9a-f]{40}$/),
    }),
  ]);
  expect(list.families.map(({ modelType }: { modelType: string }) => modelType)).toEqual(
    expect.arrayContaining(["llama", "mistral", "gpt_neox", "opt", "gpt2"]),
  );
  expect(list.embedded.map(({ name }: { name: string }) => name)).toContain("llama-mini");
  for (const { parameters, bytes, problem } of list.embedded) {
    expect(problem).toBeUndefined();
    // Two bytes a weight, and tokenizer and config.
    expect(bytes).toBeGreaterThan(2 * parameters);
    expect(bytes).toBeLessThan(2 * parameters + 500_000);
  }
  await run("models");
  expect(stdout).toMatch(/meta\/tiny-llama: llama, \d+ layers of width 32/);
  expectNoToken();
});

test("prompts of the hub, into the store", async () => {
  hub.add("datasets", "NeelNanda/pile-10k", {
    files: { "data/train.parquet": readFileSync(join(__dirname, "fixtures/parquet/pile.parquet")) },
    access: { kind: "private", tokens: [TOKEN] },
  });
  const store = join(home(), "store");
  const llama = join(__dirname, "../data/models/llama-mini");
  await run("run", "--model", llama, "--prompts", "pile-10k:3218", "--tokens", "3", "--store", store, "--json");
  const { results, manifest } = JSON.parse(stdout);
  expect(results.map(({ prompt }: { prompt: string }) => prompt)).toEqual(["pile-10k-3218"]);
  expect(JSON.stringify(manifest)).toContain("pile-10k:3218");
  expectNoToken();
});

test("errors of the hub: one line, exit code 1, nothing on stdout, and no token even in the stack", async () => {
  hub.add("models", "meta/closed", { files: model(), access: { kind: "gated", tokens: [] } });
  for (const [name, message] of [
    ["meta/closed", /your token gives no access/],
    ["meta/none", /the hub shows no such model/],
    ["meta/closed@v2", /no such branch/],
  ] as const) {
    await run("extract", "--model", name, "--ids", "1,2", "--out", join(home(), "x.npy"));
    expect(process.exitCode).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
    expectNoToken();
  }
  vi.stubEnv("DEBUG", "");
  await run("extract", "--model", "meta/none", "--ids", "1,2", "--out", join(home(), "x.npy"));
  expect(stderr).toMatch(/^error: [^\n]+\n$/);
});

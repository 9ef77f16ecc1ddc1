/** The benchmark of the forward pass measures and reports; how fast anything is, no test asks. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT } from "./support/cli";

const model = join(PROJECT, "tests/fixtures/models/llama-gqa");

function run(...options: string[]) {
  return spawnSync(
    process.execPath,
    [join(PROJECT, "bench/forward.js"), "--models", model, "--tokens", "12", ...options],
    {
      encoding: "utf8",
    },
  );
}

test("bench/forward.js prints what it measured, as JSON and as a table", () => {
  const { status, stdout, stderr } = run("--backends", "wasm,cpu", "--runs", "3", "--json");
  expect(status, stderr).toBe(0);
  const { results, ...circumstances } = JSON.parse(stdout);
  expect(circumstances).toMatchObject({ tokens: 12, threads: 1, runs: 3, node: process.version });
  expect(results.map(({ contender }: { contender: string }) => contender)).toEqual(["wasm", "cpu"]);
  for (const { best, median, processor, tokensPerSecond, loss, meanEntropy } of results) {
    expect(best).toBeGreaterThan(0);
    expect(median).toBeGreaterThanOrEqual(best);
    expect(tokensPerSecond).toBeCloseTo(12_000 / processor, 6);
    expect([loss, meanEntropy]).toEqual([
      expect.closeTo(results[0].loss, 4),
      expect.closeTo(results[0].meanEntropy, 4),
    ]);
  }
  const table = run("--backends", "wasm", "--runs", "1").stdout.trim().split("\n");
  expect(table).toHaveLength(3);
  expect(table[2]).toMatch(/\| wasm \| WebAssembly, one thread \|/);
});

test("a contender that cannot run is named, the others go on; an unknown one is an error", () => {
  const { status, stderr, stdout } = run("--backends", "wasm", "--runs", "1", "--json", "--peers", "no-such-python");
  expect(status).toBe(0);
  expect(stderr).toContain("pytorch: not measured");
  expect(JSON.parse(stdout).results).toHaveLength(1);
  const unknown = run("--backends", "abacus");
  expect(unknown.status).toBe(1);
  expect(unknown.stderr).toMatch(/unknown backend abacus: choose of tensorflow, wasm\+blas, wasm, cpu$/m);
});

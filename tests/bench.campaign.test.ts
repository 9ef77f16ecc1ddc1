/** The benchmarks run and say what they measured; how long things take is not tested. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT } from "./support/cli";
import { temporaryFolder } from "./support/notebooks";

/** Runs a program of bench/. */
function bench(name: string, ...args: string[]) {
  const result = spawnSync(process.execPath, [join(PROJECT, "bench", name), ...args], { encoding: "utf8" });
  expect(result.status, result.stderr).toBe(0);
  return result;
}

test("geometry, with its JSON and its plot", () => {
  const folder = temporaryFolder();
  const file = join(folder, "measured.json");
  const { stderr } = bench("run.js", "geometry", "--quick", "--json", file, "--plots", folder);
  expect(stderr).toMatch(/tokens, N = 64, D = 32 +\d/);
  const { commit, date, benchmarks } = JSON.parse(readFileSync(file, "utf8"));
  expect(commit).not.toBe("");
  expect(date).toMatch(/^\d{4}-\d\d-\d\d$/);
  const { results } = benchmarks.geometry;
  const measured = (part: string) => results.filter((result: { part: string }) => result.part === part);
  for (const part of ["width", "points", "hard", "logits"]) expect(measured(part).length).toBeGreaterThan(0);
  for (const { processor, wall } of results) expect(Math.min(processor, wall)).toBeGreaterThan(0);
  expect(readFileSync(join(folder, "performance-geometry.svg"), "utf8")).toContain("this library, wasm");
});

test("an experiment from end to end", () => {
  const { stdout } = bench("endToEnd.js", "--quick", "--backends", "wasm", "--json");
  const { results } = JSON.parse(stdout);
  expect(results.map(({ part, workers }: { part: string; workers: number }) => `${part} ${workers}`)).toEqual(
    expect.arrayContaining(["prompts 1", "layers 1", "workers 1", "workers 2"]),
  );
  for (const { seconds } of results) expect(seconds).toBeGreaterThan(0);
});

test("an unknown benchmark is refused by name", () => {
  const { status, stderr } = spawnSync(process.execPath, [join(PROJECT, "bench/run.js"), "speed"], {
    encoding: "utf8",
  });
  expect(status).toBe(1);
  expect(stderr).toBe('no benchmark "speed"; there are geometry, forward, endToEnd, largeModel\n');
});

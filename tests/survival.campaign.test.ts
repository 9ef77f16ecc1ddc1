/**
 * Whatever ends a run, at whatever instant: no result is lost, damaged, computed twice or wrong, nothing is left lying about,
 * and the next run does the rest. `npm run survive` kills many more; docs/robustness.md says what that found.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Store } from "../lib/src/machine/experiment/store";
import { filesBelow, PROGRAM, runProgram, startProgram } from "./support/cli";
import { isAlive, temporaryFolder, waitUntil } from "./support/notebooks";
import { childrenOf } from "./support/processes";
import { storedUnits } from "./support/storedUnits";
import { copyModelWithTokenizer } from "./support/tinyModel";
import { killManyTimes } from "./survival/campaign";

/** Set by `npm run survive`. */
const kills = Number(process.env.TOKEN_GEOMETRY_KILLS ?? 24);
const seed = Number(process.env.TOKEN_GEOMETRY_KILL_SEED ?? 1);

test("kill -9 of runs and workers, at random instants", { timeout: 3_600_000 }, async () => {
  const report = await killManyTimes(temporaryFolder(), kills, seed);
  expect(report.kills).toBeGreaterThanOrEqual(kills);
  expect(report.found.join("\n")).toMatch(/\d+ begun by runs that did not end them/);
  if (process.env.TOKEN_GEOMETRY_KILLS) console.log(JSON.stringify({ ...report, found: report.found.length }));
});

const TEXT = "all the boats that had lain on their sides began to stir;";

/** Arguments of a run of so many units, of some ten milliseconds each. */
function runArguments(folder: string, prompts: number): string[] {
  const model = copyModelWithTokenizer(join(folder, "tiny"));
  const lines = Array.from({ length: prompts }, (_, index) => `${JSON.stringify(`${index} ${TEXT}`)}\n`);
  writeFileSync(join(folder, "prompts.jsonl"), lines.join(""));
  const prompt = ["--prompts", join(folder, "prompts.jsonl"), "--tokens", "48", "--backend", "cpu"];
  return ["run", "--model", model, ...prompt, "--store", join(folder, "store")];
}

describe("a run that is asked to stop", () => {
  test.each<[NodeJS.Signals, number]>([
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
  ])("by %s", async (signal, code) => {
    const folder = temporaryFolder();
    const store = join(folder, "store");
    const args = runArguments(folder, 400);
    const run = startProgram([...args, "--workers", "2"]);
    onTestFinished(() => void run.kill("SIGKILL"));
    let said = "";
    run.stderr?.setEncoding("utf8").on("data", (text) => {
      said += text;
    });
    const ended = new Promise((resolve) => run.on("close", (...how) => resolve(how)));
    await waitUntil(() => storedUnits(store).length >= 3, "three units");
    const children = childrenOf(run.pid!);
    if (process.platform === "linux") expect(children).toHaveLength(2);
    // To it alone: what it started is its to end.
    run.kill(signal);
    expect(await ended).toEqual([code, null]);
    expect(said).toMatch(new RegExp(`\nstopped by ${signal}; finished units are kept: run again for the rest\n$`));
    await waitUntil(() => !children.some(isAlive), "the end of the worker processes");
    const finished = storedUnits(store);
    expect(finished.length).toBeLessThan(400);
    for (const name of finished) expect(typeof new Store(store).read(name)).toBe("object");
    expect(filesBelow(store).filter((name) => !/^(units|experiments)\/.*\.json$/.test(name))).toEqual([]);
    const few = await runProgram([...args, "--count", "8"]);
    const [, computed, reused, found] = / (\d+) computed, (\d+) from the store, [\d.]+ s(.*)\n/.exec(few.stderr) ?? [];
    expect([Number(computed) + Number(reused), Number(reused) > 0, found]).toEqual([8, true, ""]);
  });
});

test("three runs at once on one store: every unit is computed once, by one of them", async () => {
  const folder = temporaryFolder();
  const args = runArguments(folder, 24);
  const runs = await Promise.all([1, 2, 3].map(() => runProgram([...args, "--json", "--workers", "1"])));
  expect(runs.map(({ status }) => status)).toEqual([0, 0, 0]);
  const counts = runs.map(({ stderr }) => /(\d+) computed, (\d+) from the store/.exec(stderr)!.slice(1).map(Number));
  expect(counts.map(([computed, reused]) => computed + reused)).toEqual([24, 24, 24]);
  expect(counts.reduce((sum, [computed]) => sum + computed, 0)).toBe(24);
  const [first, ...others] = runs.map(({ stdout }) => JSON.stringify(JSON.parse(stdout).results));
  expect(others).toEqual([first, first]);
  expect(filesBelow(join(folder, "store")).filter((name) => name.startsWith("claims"))).toEqual([]);
});

test("files that may not grow as large as a unit: one line, nothing half-written; without the limit the next run is whole", async ({
  skip,
}) => {
  if (process.platform === "win32") skip();
  const folder = temporaryFolder();
  const store = join(folder, "store");
  const command = [process.execPath, PROGRAM, ...runArguments(folder, 3)].map((word) => `'${word}'`).join(" ");
  // Blocks of 512 bytes: enough for the manifest.
  const limited = spawnSync("sh", ["-c", `ulimit -f 4; exec ${command}`], { encoding: "utf8" });
  expect(limited.stderr.trim().split("\n").at(-1)).toMatch(
    /^error: cannot write .*units.*\.json: the file would be larger than you may write \(ulimit -f\)/,
  );
  expect(limited.status).toBe(1);
  // What fits is kept.
  const kept = filesBelow(store);
  for (const name of kept) JSON.parse(readFileSync(join(store, name), "utf8"));
  expect(kept.filter((name) => !/^(units|experiments)\/.*\.json$/.test(name))).toEqual([]);
  expect(storedUnits(store)).toEqual([]);
  const whole = await runProgram(runArguments(folder, 3));
  expect(whole.stdout).toContain("3 units computed");
});

test("a complete store that can only be read is enough for a run that computes nothing", async ({ skip }) => {
  const folder = temporaryFolder();
  const args = runArguments(folder, 2);
  expect((await runProgram(args)).status).toBe(0);
  const mounted = spawnSync("mount", ["--bind", "-o", "ro", join(folder, "store"), join(folder, "store")]);
  if (mounted.status !== 0) {
    console.warn("NOT TESTED: a store that can only be read (mount is not permitted)");
    skip();
  }
  onTestFinished(() => void spawnSync("umount", [join(folder, "store")]));
  const again = await runProgram(args);
  expect(again.stderr).toContain("0 computed, 2 from the store");
  expect(again.status).toBe(0);
  const more = await runProgram([...args, "--shuffle", "0,2"]);
  expect(more.stderr).toMatch(/error: cannot write .*: the file system is read-only/);
});

/**
 * cluster/slurm for real: an experiment of 64 units on an array of four tasks of a Slurm that the test starts. In the middle
 * one task is killed, one is queued again while it runs (as when it is preempted), and one is told that its time is up; the
 * collected results are the same to the byte as those of one process, and the figure that is drawn of them leads back to them.
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { filesBelow, PROJECT, runProgram } from "./support/cli";
import { temporaryFolder } from "./support/notebooks";
import { missingPrograms, type SlurmCluster, startSlurmCluster } from "./support/slurmCluster";
import { storedUnits } from "./support/storedUnits";
import { copyModelWithTokenizer } from "./support/tinyModel";

const TASKS = 4;
const PROMPTS = 16;
const SHUFFLES = [0, 1, 2, 3];
const UNITS = PROMPTS * SHUFFLES.length;
const TOKENS = 192;
const SEED = "sluice"; // with which no shuffle happens to leave the order as it is

/** Milliseconds. The whole takes about a minute on two idle cores. */
const LIMIT = 170_000;

/** The options of an experiment of 64 units, each of a few tenths of a second. */
function experimentOptions(folder: string): string[] {
  const model = copyModelWithTokenizer(join(folder, "tiny"));
  const sentence = "the lock-keeper wrote down every boat that came through, its name, its load; ";
  const texts = Array.from({ length: PROMPTS }, (_, index) => `${index} ${sentence.repeat(6).slice(index)}`);
  const prompts = join(folder, "prompts.jsonl");
  writeFileSync(prompts, texts.map((text) => `${JSON.stringify(text)}\n`).join(""));
  const settings = ["--tokens", String(TOKENS), "--shuffle", SHUFFLES.join(), "--seed", SEED];
  return ["--model", model, "--prompts", prompts, ...settings, "--backend", "cpu"];
}

/** A figure of the same prompts, all of whose units belong to the experiment. */
function figureOptions(folder: string): string[] {
  const parameters = {
    MODELS: join(folder, "tiny"),
    PROMPT_SOURCE: join(folder, "prompts.jsonl"),
    PROMPTS: PROMPTS,
    SINGLE_PROMPT: "prompts-1",
    TOKENS: TOKENS,
    SHUFFLES: SHUFFLES.join(),
    SEED: SEED,
    BACKEND: "cpu",
    SOURCE: "run",
  };
  return ["fig03", ...Object.entries(parameters).flatMap(([name, value]) => ["-p", `${name}=${value}`])];
}

/** Skips a test, and says so where it is seen. */
function skipLoudly(skip: () => never, why: string): never {
  console.warn(`NOT TESTED: cluster/slurm on a real Slurm: ${why}`);
  return skip();
}

async function waitFor(what: string, condition: () => boolean | Promise<boolean>, cluster: SlurmCluster) {
  for (const end = Date.now() + LIMIT; Date.now() < end; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const jobs = JSON.stringify(await cluster.jobs());
  throw new Error(`${what}: not in time; jobs: ${jobs}`);
}

test("64 units on four tasks, of which one is killed, one preempted, one out of time: the same bytes as from one process", {
  timeout: LIMIT + 60_000,
}, async ({ skip }) => {
  const expected = Boolean(process.env.TOKEN_GEOMETRY_EXPECT_SLURM);
  const missing = missingPrograms();
  if (missing.length > 0 && !expected) {
    skipLoudly(skip, `${missing.join(", ")} missing; Debian: apt-get install slurm-wlm munge`);
  }
  const folder = temporaryFolder();
  const cluster = await startSlurmCluster(temporaryFolder()).catch((error: Error) => {
    if (expected) throw error;
    return skipLoudly(skip, error.message);
  });
  onTestFinished(() => cluster.stop());
  const options = experimentOptions(folder);
  const [store, results, logs, out] = ["store", "results.json", "logs", "out"].map((name) => join(folder, name));

  const settings = { TASKS: String(TASKS), CPUS: "1", MEMORY: "1G", STORE: store, RESULTS: results, LOGS: logs };
  const submitted = await promisify(execFile)(
    join(PROJECT, "cluster/slurm/submit.sh"),
    [...options, "--", ...figureOptions(folder), "--out", out],
    { env: { ...cluster.environment, NODE: process.execPath, ...settings } },
  );
  const [, array, merge] = /^array (\d+): 4 tasks; job (\d+): /m.exec(submitted.stdout) ?? [];
  expect(merge, submitted.stdout + submitted.stderr).toBeDefined();

  // In the middle: all three are at work, something is done, and much is not.
  await waitFor("tasks at work", () => [1, 2, 3].every((task) => isAtWork(cluster, store, array, task)), cluster);
  for (const program of programsOf(cluster, array, 1)) process.kill(program, "SIGKILL");
  await cluster.command("scontrol", "requeue", `${array}_2`);
  await cluster.command("scancel", "--signal=USR1", "--batch", `${array}_3`);
  expect(storedUnits(store).length).toBeLessThan(UNITS);

  await waitFor("the end", async () => (await cluster.command("squeue", "--noheader")) === "", cluster);
  const jobs = await cluster.jobs();
  const log = filesBelow(logs)
    .map((name) => `${name}:\n${readFileSync(join(logs, name), "utf8")}`)
    .join("\n");
  const ends = Object.fromEntries(jobs.map(({ id, state, restarts }) => [id, [state, restarts]]));
  expect(ends, log).toEqual({
    [`${array}_0`]: ["COMPLETED", 0],
    [`${array}_1`]: ["COMPLETED", 1],
    [`${array}_2`]: ["COMPLETED", 1],
    [`${array}_3`]: ["COMPLETED", 1],
    [merge]: ["COMPLETED", 0],
  });
  expect(log).toContain("task 1, start 1: the program was killed by signal 9; queued again");
  expect(log).toContain("task 3, start 1: out of time; queued again");

  // Nothing is lost or there twice, and nothing is left to do for the figure.
  expect(storedUnits(store)).toHaveLength(UNITS);
  const traced = await runProgram(["trace", join(out, "figures", "fig03.pdf"), results, "--store", store]);
  expect(traced, log).toMatchObject({ status: 0, stderr: "" });
  expect(traced.stdout.match(/: (32|4|64) units in \S+, all are there, unchanged/g)).toHaveLength(3);

  const alone = ["--store", join(folder, "alone")];
  expect((await runProgram(["run", ...options, ...alone, "--workers", "1"])).status).toBe(0);
  const merged = await runProgram(["merge", ...options, ...alone, "--out", join(folder, "alone.json")]);
  expect(merged).toMatchObject({ status: 0 });
  expect(readFileSync(results).equals(readFileSync(join(folder, "alone.json")))).toBe(true);

  const status = JSON.parse((await runProgram(["status", ...options, "--store", store, "--json"])).stdout);
  expect(status.experiments[0]).toMatchObject({
    ...{ total: UNITS, done: UNITS, workers: [] },
    shards: Array(TASKS).fill({ done: UNITS / TASKS }),
  });
});

/** Whether the program of a task has begun to compute: it has told the store who it is. */
function isAtWork(cluster: SlurmCluster, store: string, array: string, task: number): boolean {
  const folder = join(store, "claims");
  if (!existsSync(folder)) return false;
  const workers = readdirSync(folder).filter((name) => name.startsWith("worker."));
  return programsOf(cluster, array, task).some((program) => workers.some((name) => name.includes(`.${program}.`)));
}

/** The processes that compute for a task of an array. */
function programsOf(cluster: SlurmCluster, array: string, task: number): number[] {
  return cluster
    .processes(`SLURM_ARRAY_JOB_ID=${array}`, `SLURM_ARRAY_TASK_ID=${task}`)
    .filter((process) => readFileSync(`/proc/${process}/cmdline`, "utf8").includes("token-geometry.js"));
}

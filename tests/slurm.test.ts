/**
 * cluster/slurm for real: an experiment of 64 units on an array of four tasks of a Slurm that the test starts. One task is
 * killed in the middle, one is queued again while it runs (as when it is preempted); the collected results are the same to the
 * byte as those of one process.
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { filesBelow, PROJECT, runProgram } from "./support/cli";
import { temporaryFolder } from "./support/notebooks";
import { missingPrograms, type SlurmCluster, startSlurmCluster } from "./support/slurmCluster";
import { copyModelWithTokenizer } from "./support/tinyModel";

const TASKS = 4;
const PROMPTS = 16;
const SHUFFLES = [0, 1, 2, 3];
const UNITS = PROMPTS * SHUFFLES.length;
const TOKENS = 256;

/** Milliseconds. The whole takes about a minute on two idle cores. */
const LIMIT = 170_000;

/** The options of an experiment of 64 units, each of a few tenths of a second. */
function experimentOptions(folder: string): string[] {
  const model = copyModelWithTokenizer(join(folder, "tiny"));
  const sentence = "the lock-keeper wrote down every boat that came through, its name, its load; ";
  const texts = Array.from({ length: PROMPTS }, (_, index) => `${index} ${sentence.repeat(6).slice(index)}`);
  const prompts = join(folder, "prompts.jsonl");
  writeFileSync(prompts, texts.map((text) => `${JSON.stringify(text)}\n`).join(""));
  const settings = ["--tokens", String(TOKENS), "--shuffle", SHUFFLES.join(), "--seed", "sluice"];
  return ["--model", model, "--prompts", prompts, ...settings, "--backend", "cpu"];
}

async function waitFor(what: string, condition: () => boolean | Promise<boolean>, cluster: SlurmCluster) {
  for (const end = Date.now() + LIMIT; Date.now() < end; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const jobs = JSON.stringify(await cluster.jobs());
  throw new Error(`${what}: not in time; jobs: ${jobs}`);
}

const unitsOf = (store: string) => (existsSync(join(store, "units")) ? filesBelow(join(store, "units")) : []);

test("64 units on four tasks, one killed, one preempted: the same bytes as from one process", {
  timeout: LIMIT + 60_000,
}, async ({ skip }) => {
  const missing = missingPrograms();
  if (missing.length > 0 && !process.env.TOKEN_GEOMETRY_EXPECT_SLURM) {
    console.warn(`NOT TESTED: cluster/slurm (${missing.join(", ")} missing; Debian: apt-get install slurm-wlm munge)`);
    skip();
  }
  const folder = temporaryFolder();
  const cluster = await startSlurmCluster(temporaryFolder());
  onTestFinished(() => cluster.stop());
  const options = experimentOptions(folder);
  const [store, results, logs] = ["store", "results.json", "logs"].map((name) => join(folder, name));

  const submitted = await promisify(execFile)(join(PROJECT, "cluster/slurm/submit.sh"), options, {
    env: {
      ...cluster.environment,
      NODE: process.execPath,
      TOKEN_GEOMETRY_BACKEND: "cpu",
      ...{ TASKS: String(TASKS), CPUS: "1", MEMORY: "1G", STORE: store, RESULTS: results, LOGS: logs },
    },
  });
  const [, array, merge] = /^array (\d+): 4 tasks; job (\d+): /m.exec(submitted.stdout) ?? [];
  expect(merge, submitted.stdout + submitted.stderr).toBeDefined();
  const taskOf = async (task: number) => (await cluster.jobs()).find(({ id }) => id === `${array}_${task}`);

  // In the middle: something is done, and much is not.
  await waitFor("a few units", () => unitsOf(store).length >= TASKS, cluster);
  await waitFor("task 1 at work", () => programsOf(cluster, array, 1).length > 0, cluster);
  for (const program of programsOf(cluster, array, 1)) process.kill(program, "SIGKILL");
  await cluster.command("scontrol", "requeue", `${array}_2`);
  expect(unitsOf(store).length).toBeLessThan(UNITS);

  await waitFor("the results", async () => (await jobOf(cluster, merge))?.state !== "PENDING", cluster);
  await waitFor("the end", async () => (await cluster.command("squeue", "--noheader")) === "", cluster);
  const jobs = await cluster.jobs();
  const log = readdirSync(logs)
    .map((name) => readFileSync(join(logs, name), "utf8"))
    .join("\n"); // prettier
  expect(
    jobs.map(({ state }) => state),
    log,
  ).toEqual(Array(TASKS + 1).fill("COMPLETED"));
  expect((await taskOf(1))?.restarts).toBe(1);
  expect((await taskOf(2))?.restarts).toBe(1);
  expect(log).toContain("task 1, start 1: the program was killed by signal 9; queued again");
  expect(unitsOf(store)).toHaveLength(UNITS);

  const alone = ["--store", join(folder, "alone")];
  expect((await runProgram(["run", ...options, ...alone, "--workers", "1"])).status).toBe(0);
  const merged = await runProgram(["merge", ...options, ...alone, "--out", join(folder, "alone.json")]);
  expect(merged).toMatchObject({ status: 0 });
  expect(readFileSync(results).equals(readFileSync(join(folder, "alone.json")))).toBe(true);

  const status = await runProgram(["status", "--store", store]);
  expect(status.stdout).toContain(`: ${UNITS} of ${UNITS} done (100 %)`);
  expect(status.stdout.match(/ {2}shard \d\/4: 16 of 16 done/g)).toHaveLength(TASKS);
});

/** The processes that compute for a task of an array. */
function programsOf(cluster: SlurmCluster, array: string, task: number): number[] {
  return cluster
    .processes(`SLURM_ARRAY_JOB_ID=${array}`, `SLURM_ARRAY_TASK_ID=${task}`)
    .filter((process) => readFileSync(`/proc/${process}/cmdline`, "utf8").includes("token-geometry.js"));
}

async function jobOf(cluster: SlurmCluster, id: string) {
  return (await cluster.jobs()).find((job) => job.id === id);
}

import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { onEachBackend } from "../../../../tests/support/backends";
import { filesBelow, PROJECT } from "../../../../tests/support/cli";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { childrenOf } from "../../../../tests/support/processes";
import { copyModelWithTokenizer, editSafetensors } from "../../../../tests/support/tinyModel";
import type { BackendChoice } from "../backend/backend";
import { UserError } from "../support/errors";
import { coreMetricNames } from "./entries";
import { runExperiment } from "./experiment";
import type { ExperimentSettings } from "./plan";
import { affordableWorkers, WORKERS_VARIABLE, WorkerPool, wishedWorkers } from "./pool";

const TEXT = "A lock lowers a boat by letting water out below, and raises the next one by letting it in from above.";

function workplace(): { folder: string; model: string; settings: ExperimentSettings } {
  const folder = temporaryFolder();
  const model = copyModelWithTokenizer(join(folder, "tiny"));
  const prompts = join(folder, "two.jsonl");
  writeFileSync(prompts, `${JSON.stringify(TEXT)}\n${JSON.stringify(TEXT.toLowerCase())}\n`);
  return { folder, model, settings: { models: [model], prompts, tokens: 64, shuffleIndices: [0, 1, 3] } };
}

/** Processes that a process has started and that are workers of a pool. */
const workersOf = (pid: number): number[] => childrenOf(pid, "tinypool/dist/entry");

const workersRunning = (): number => workersOf(process.pid).length;

onEachBackend("worker processes", (useBackend, backend) => {
  beforeAll(useBackend);

  test("find the same numbers as one process, bit for bit, and end", async () => {
    const { folder, settings } = workplace();
    const alone = await runExperiment(
      { ...settings, metrics: ["lastToken"] },
      { store: join(folder, "one"), backend, workers: 1 },
    );
    const seen: number[] = [];
    let ends = 0;
    const progress = { update: (done: number) => void seen.push(done), finish: () => void ends++ };
    const together = await runExperiment(
      { ...settings, metrics: ["lastToken"] },
      { store: join(folder, "two"), backend, workers: 2, progress },
    );
    expect(together.results).toEqual(alone.results);
    expect(together.computed).toBe(6);
    const read = (store: string) =>
      filesBelow(join(folder, store)).map((name) => readFileSync(join(folder, store, name)));
    expect(read("two/units")).toEqual(read("one/units"));
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(ends).toBe(1);
    expect(workersRunning()).toBe(0);
  });
});

describe("a failure in a worker", () => {
  test("arrives as the same error as in one process, what was done is kept, and the workers end", async () => {
    const { folder, model, settings } = workplace();
    editSafetensors(join(model, "model.safetensors"), (header, data) => {
      data.writeFloatLE(Number.NaN, header["model.norm.weight"].data_offsets[0]);
    });
    const failure = async (workers: number) => {
      const run = runExperiment(settings, { store: join(folder, "store"), backend: "wasm", workers });
      return run.then(
        () => undefined,
        (error: Error) => error,
      );
    };
    const [alone, together] = [await failure(1), await failure(2)];
    expect(together).toBeInstanceOf(UserError);
    expect(together?.message).toBe(alone?.message);
    expect(together?.message).toMatch(/model\.norm\.weight" holds NaN/);
    expect(workersRunning()).toBe(0);
  });

  test.skipIf(process.platform !== "linux")(
    "a process that is killed while it has nothing to do is replaced",
    async () => {
      const { model: path } = workplace();
      const pool = new WorkerPool(1);
      onTestFinished(() => pool.close());
      const task = {
        path,
        backend: "cpu" as const,
        weightMemory: 1e9,
        rewritten: 0,
        metrics: [coreMetricNames()],
        options: {},
      };
      const ids = [[1, 2, 3, 4]];
      const [first] = await pool.measure({ ...task, ids });
      const [worker] = workersOf(process.pid);
      process.kill(worker, "SIGKILL");
      await expect.poll(() => workersOf(process.pid).some((other) => other !== worker), { timeout: 20_000 }).toBe(true);
      expect(await pool.measure({ ...task, ids })).toEqual([first]);
    },
  );

  test.skipIf(process.platform !== "linux")("a process that is killed is reported as such", async () => {
    const { model } = workplace();
    const pool = new WorkerPool(1);
    const path = model;
    const task = {
      path,
      backend: "cpu" as const,
      weightMemory: 1e9,
      rewritten: 0,
      ids: [],
      metrics: [coreMetricNames()],
      options: {},
    };
    expect(await pool.measure(task)).toEqual([]);
    const ids = [Array.from({ length: 90 }, (_, i) => i)];
    const outcome = pool.measure({ ...task, ids: Array(500).fill(ids[0]) }).then(
      () => undefined,
      (error: Error) => error,
    );
    const [worker] = workersOf(process.pid);
    process.kill(worker, "SIGKILL");
    const error = await outcome;
    expect(error).toBeInstanceOf(UserError);
    expect(error?.message).toMatch(/worker process ended/);
    await pool.close();
  });
});

test("Ctrl-C ends the command and its workers, and leaves only whole files", async () => {
  const { folder, model } = workplace();
  const store = join(folder, "store");
  const texts = Array.from({ length: 200 }, (_, i) => JSON.stringify(`${i} ${TEXT}`));
  writeFileSync(join(folder, "many.jsonl"), `${texts.join("\n")}\n`);
  const program = join(PROJECT, "lib/bin/token-geometry.js");
  const options = ["--prompts", join(folder, "many.jsonl"), "--tokens", "64", "--store", store, "--backend", "wasm"];
  const child = spawn(process.execPath, [program, "run", "--model", model, ...options, "--workers", "2"], {
    detached: true, // a process group of its own, as a terminal gives it
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve(signal ?? code)));
  const units = join(store, "units");
  while (!existsSync(units)) await new Promise((resolve) => setTimeout(resolve, 50));
  process.kill(-child.pid!, "SIGINT");
  expect(await ended).toBe(130);
  await expect.poll(() => groupExists(child.pid!), { timeout: 10_000 }).toBe(false);
  for (const name of filesBelow(units)) expect(() => JSON.parse(readFileSync(join(units, name), "utf8"))).not.toThrow();
});

function groupExists(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

describe("the number of workers", () => {
  const processor: BackendChoice = { name: "wasm", device: "WebAssembly", passedOver: [] };
  const card: BackendChoice = { name: "tensorflow", device: "GPU, TensorFlow 2.21.0", passedOver: [] };

  test("is as wished, but never more than there are units or fit into memory", () => {
    process.env.TOKEN_GEOMETRY_MEMORY = "8";
    try {
      expect(affordableWorkers(4, 100, 2 ** 20, 0.5, processor)).toBe(4);
      expect(affordableWorkers(4, 3, 2 ** 20, 0.5, processor)).toBe(3);
      expect(affordableWorkers(4, 100, 1.25 * 2 ** 30, 0.5, processor)).toBe(2);
      expect(affordableWorkers(4, 100, 2 ** 40, 0.5, processor)).toBe(1);
      expect(affordableWorkers(undefined, 100, 2 ** 20, 0.5, card)).toBe(1);
    } finally {
      delete process.env.TOKEN_GEOMETRY_MEMORY;
    }
  });

  test("comes from the option, then from the environment; nonsense is refused", () => {
    process.env[WORKERS_VARIABLE] = "3";
    try {
      expect([wishedWorkers(2), wishedWorkers(undefined)]).toEqual([2, 3]);
      process.env[WORKERS_VARIABLE] = "all";
      expect(() => wishedWorkers(undefined)).toThrow('TOKEN_GEOMETRY_WORKERS is "all"');
    } finally {
      delete process.env[WORKERS_VARIABLE];
    }
    expect(wishedWorkers(undefined)).toBeUndefined();
    expect(() => wishedWorkers(0)).toThrow("number of workers 0; it must be a whole number, 1 or more");
    expect(() => wishedWorkers(1.5)).toThrow("number of workers 1.5");
  });
});

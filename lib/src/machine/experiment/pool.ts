import type { ChildProcess } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Tinypool } from "tinypool";
import type { KeeperOptions } from "../../model/hiddenStateKeeper";
import type { BackendChoice } from "../backend/backend";
import { messageOf, UserError } from "../support/errors";
import { memoryBudget } from "../support/memory";
import { PROJECT_ROOT } from "../support/project";
import type { MeasureOptions } from "./measurePrompt";
import type { UnitResult } from "./unit";

/** The environment variable that says how many units of work are measured at once. */
export const WORKERS_VARIABLE = "TOKEN_GEOMETRY_WORKERS";

/** What a process with a backend takes up besides the weights, in bytes; roughly. */
const PROCESS_BYTES = 2 ** 29;

/** Environment variables by which so many processes have together as many threads as there are cores. */
export function threadsOfEach(processes: number): Record<string, string> {
  const threads = String(Math.max(1, Math.floor(availableParallelism() / processes)));
  return {
    TF_NUM_INTRAOP_THREADS: threads,
    TF_NUM_INTEROP_THREADS: threads,
    OMP_NUM_THREADS: threads,
    OPENBLAS_NUM_THREADS: threads,
    VECLIB_MAXIMUM_THREADS: threads,
  };
}

/** What a worker is asked to do: measure some prompts by a model. Sent to another process: plain data only. */
export interface PoolTask {
  /** Of the checkpoint. */
  path: string;
  backend: BackendChoice["name"];
  /** Bytes that the weights may take up in one process. */
  weightMemory: number;
  /** Of the checkpoint's files; with another number they are read again. See {@link CheckpointGuard.rewritten}. */
  rewritten: number;
  /** Of each prompt, in the order in which the model reads them. */
  ids: number[][];
  /** Of each prompt, what is measured of it. */
  metrics: string[][];
  options: Pick<MeasureOptions, "captured" | "leaveOut"> & KeeperOptions;
}

/** What comes back: errors cross the border between processes as what they say. */
export type PoolAnswer = { results: UnitResult[] } | { failure: string; forUser: boolean; stack?: string };

/**
 * Processes that measure units side by side, each with a backend and a model of its own. Processes and not threads: the
 * backends' own threads are shared within a process, WebAssembly addresses no more than 4 GB, and one that the system
 * kills for its memory does not take the others along.
 */
export class WorkerPool {
  private readonly pool: Tinypool;
  /** Processes that are at work would finish what they are at before they notice that nobody wants it any more. */
  private readonly killAll = (): void => {
    for (const { process } of this.pool.threads as unknown as { process?: ChildProcess }[]) process?.kill("SIGKILL");
  };

  /** @param workers number of processes; they start with the first tasks */
  constructor(readonly workers: number) {
    this.pool = new Tinypool({
      runtime: "child_process",
      // As JavaScript also where this file is run as TypeScript: a child process knows nothing of that.
      // As in an address: it is imported, where `#`, `%` and `?` of a plain path would have a meaning.
      filename: pathToFileURL(join(PROJECT_ROOT, "lib/dist/machine/experiment/poolWorker.js")).pathname,
      minThreads: workers,
      maxThreads: workers,
      serialization: "advanced", // JSON has no NaN.
      // The garbage collector's own threads would take the cores from the other workers.
      execArgv: ["--single-threaded-gc"],
      env: {
        ...(process.env as Record<string, string>),
        ...threadsOfEach(workers),
      },
    });
    // Of a process that was killed while it had nothing to do: another one takes its place.
    this.pool.on("error", () => {});
    process.on("exit", this.killAll);
  }

  /** @throws UserError as the measurement does, or if a process ended before its time */
  async measure(task: PoolTask): Promise<UnitResult[]> {
    let answer: PoolAnswer;
    try {
      answer = await this.pool.run(task);
    } catch (error) {
      const why = messageOf(error);
      throw new UserError(`a worker process ended (${why}); if memory was short, ask for fewer (${WORKERS_VARIABLE})`, {
        cause: error,
      });
    }
    if ("results" in answer) return answer.results;
    const error = answer.forUser ? new UserError(answer.failure) : new Error(answer.failure);
    if (answer.stack) error.stack = answer.stack;
    throw error;
  }

  /** Ends all processes, also those that are at work. */
  async close(): Promise<void> {
    await this.pool.destroy();
    process.off("exit", this.killAll);
  }
}

/**
 * How many workers are wished for: what the option says, else what TOKEN_GEOMETRY_WORKERS says; nothing where neither
 * does.
 * @throws UserError if that is no whole number from 1 on
 */
export function wishedWorkers(option: number | undefined): number | undefined {
  const wish = option ?? (process.env[WORKERS_VARIABLE] || undefined);
  if (wish === undefined) return undefined;
  const workers = Number(wish);
  if (Number.isInteger(workers) && workers >= 1) return workers;
  const source = option === undefined ? `${WORKERS_VARIABLE} is "${wish}"` : `number of workers ${wish}`;
  throw new UserError(`${source}; it must be a whole number, 1 or more`);
}

/**
 * How many workers a model gets: as wished, without a wish one a core; but no more than there are units or than fit into
 * the memory budget, and one where they would share a GPU.
 *
 * @param weights bytes of the model's weights
 * @param share part of the memory budget that weights may fill
 */
export function affordableWorkers(
  wish: number | undefined,
  units: number,
  weights: number,
  share: number,
  backend: BackendChoice,
): number {
  if (wish === undefined && usesGpu(backend)) return 1;
  // Of the machine: each process has an address space of its own.
  const fitting = Math.floor(memoryBudget("") / (weights / share + PROCESS_BYTES));
  return Math.max(1, Math.min(wish ?? availableParallelism(), units, fitting));
}

function usesGpu({ name, device }: BackendChoice): boolean {
  return device.startsWith("GPU") || name === "webgpu";
}

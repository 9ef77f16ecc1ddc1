import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { messageOf } from "./errors";
import { endWithParent } from "./parent";

/** What a function of an isolated module is called with, and gives back: plain data. */
export type IsolatedFunctions = Record<string, (...args: never[]) => Promise<unknown>>;

/** Of the process, which is started again when it is needed, in milliseconds. */
const LONGEST_IDLE = 5_000;

/** How often it is looked how much memory the process has, in milliseconds. */
const LOOK = 100;

interface Call {
  name: string;
  args: unknown[];
}
type Answer = { value: unknown } | { failure: string };

/** Says that a process gave no answer: it took too long or too much, or ended. */
export class NoAnswerError extends Error {}

/**
 * A module in a process of its own, for work with files that anybody may have written by code that does not expect that:
 * whatever it does there, it ends in time, does not take more memory than it may, and takes nobody along.
 */
export class IsolatedModule {
  private child?: ChildProcess;
  private idle?: NodeJS.Timeout;
  private last: Promise<unknown> = Promise.resolve();

  /**
   * @param file of the module, compiled, which calls {@link serveIsolated}
   * @param heap what its objects may take, in MiB; with all that is no object (on Linux) it may be twice as much
   */
  constructor(
    private readonly file: string,
    private readonly heap: number,
  ) {}

  /**
   * Calls a function; one call after the other.
   *
   * @param seconds after which it is given up
   * @throws Error saying what the function threw
   * @throws NoAnswerError if the process did not answer in time, took too much memory, or ended
   */
  call<Value>(name: string, args: unknown[], seconds: number): Promise<Value> {
    const answer = this.last.then(() => this.ask({ name, args }, seconds));
    this.last = answer.catch(() => {});
    return answer as Promise<Value>;
  }

  private ask(call: Call, seconds: number): Promise<unknown> {
    clearTimeout(this.idle);
    // It may have been killed while it had nothing to do.
    if (!this.child?.connected) this.child = this.start();
    const child = this.child;
    child.ref();
    child.channel?.ref();
    return new Promise((resolve, reject) => {
      let ended = false;
      const end = (settle: () => void, goOn: boolean): void => {
        if (ended) return;
        ended = true;
        clearTimeout(timer);
        clearInterval(watch);
        for (const event of ["message", "exit", "error"]) child.removeAllListeners(event);
        // A message that cannot be sent any more is told as an error: nobody waits for it.
        child.on("error", () => {});
        if (goOn) this.rest(child);
        else this.stop();
        settle();
      };
      const fail = (why: string): void => end(() => reject(new NoAnswerError(why)), false);
      // An answer that waits to be read is taken first.
      const timeUp = (): unknown => setImmediate(() => fail(`it took more than ${seconds} s`));
      const timer = setTimeout(timeUp, 1000 * seconds);
      const tooMuch = `it took more than ${this.heap} MiB of memory`;
      const watch = setInterval(() => residentMebibytes(child.pid) > 2 * this.heap && fail(tooMuch), LOOK);
      child.once("error", (error) => fail(messageOf(error)));
      child.once("exit", () => fail(`${tooMuch}, or ended the process that read it`));
      child.once("message", (answer: Answer) => {
        if ("failure" in answer) end(() => reject(new Error(answer.failure)), true);
        else end(() => resolve(answer.value), true);
      });
      child.send(call);
    });
  }

  private start(): ChildProcess {
    return fork(this.file, {
      serialization: "advanced",
      execArgv: [`--max-old-space-size=${this.heap}`],
      // The runtime's own report of memory that ran out is not for people.
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
  }

  /** Does not keep this process from ending, and goes away after a while. */
  private rest(child: ChildProcess): void {
    child.unref();
    child.channel?.unref();
    this.idle = setTimeout(() => this.stop(), LONGEST_IDLE).unref();
  }

  private stop(): void {
    this.child?.kill("SIGKILL");
    this.child = undefined;
  }
}

/** Memory of a process, 0 where that cannot be told. */
function residentMebibytes(pid: number | undefined): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Makes a process serve the calls of an {@link IsolatedModule}. */
export function serveIsolated(functions: IsolatedFunctions): void {
  endWithParent();
  process.on("message", async ({ name, args }: Call) => {
    let answer: Answer;
    try {
      answer = { value: await functions[name](...(args as never[])) };
    } catch (error) {
      answer = { failure: messageOf(error) };
    }
    process.send?.(answer);
  });
}

import { existsSync } from "node:fs";
import { join } from "node:path";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { NoAnswerError } from "./isolated";
import { PROJECT_ROOT } from "./project";

/** What the thread is told: where to answer, and which module it asks. */
export interface ThreadData {
  port: MessagePort;
  /** 1 once an answer has been posted. */
  signal: Int32Array;
  file: string;
  heap: number;
}
export type ThreadCall = [name: string, args: unknown[], seconds: number];
export type ThreadAnswer = { value: unknown } | { failure: string; isNoAnswer: boolean };

/** Seconds beyond those of a call after which its thread counts as gone. */
const LONGEST_SILENCE = 30;

/** An {@link IsolatedModule} whose answers are waited for, so that callers need not be asynchronous: this thread stands still. */
export class AwaitedModule {
  private thread?: Omit<ThreadData, "file" | "heap">;

  /** See the constructor of {@link IsolatedModule}. */
  constructor(
    private readonly file: string,
    private readonly heap: number,
  ) {}

  /** See `call` of {@link IsolatedModule}; what is given and comes back is copied. */
  call<Value>(name: string, args: unknown[], seconds: number): Value {
    this.thread ??= this.start();
    const { port, signal } = this.thread;
    Atomics.store(signal, 0, 0);
    port.postMessage([name, args, seconds] satisfies ThreadCall);
    // The thread knows when to give up; this is for one that has died.
    if (Atomics.wait(signal, 0, 0, (seconds + LONGEST_SILENCE) * 1000) === "timed-out") {
      this.thread = undefined;
      throw new NoAnswerError(`no answer within ${seconds + LONGEST_SILENCE} seconds`);
    }
    const answer: ThreadAnswer = receiveMessageOnPort(port)!.message;
    if ("value" in answer) return answer.value as Value;
    throw answer.isNoAnswer ? new NoAnswerError(answer.failure) : new Error(answer.failure);
  }

  /** A thread that passes calls on to the process, since this one hears nothing of it while it waits. */
  private start() {
    const { port1, port2 } = new MessageChannel();
    const signal = new Int32Array(new SharedArrayBuffer(4));
    const workerData: ThreadData = { port: port2, signal, file: this.file, heap: this.heap };
    // As JavaScript also where this file is run as TypeScript: a thread knows nothing of that.
    const program = join(PROJECT_ROOT, "lib/dist/machine/support/awaitedThread.js");
    if (!existsSync(program)) throw new Error(`${program} is missing; npm run build makes it`);
    new Worker(program, { workerData, transferList: [port2], execArgv: [] }).unref();
    port1.unref();
    return { port: port1, signal };
  }
}

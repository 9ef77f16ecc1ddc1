/** The thread of an `AwaitedModule`: it asks the process, and wakes the thread that waits. */
import { workerData } from "node:worker_threads";
import type { ThreadAnswer, ThreadCall, ThreadData } from "./awaited";
import { messageOf } from "./errors";
import { IsolatedModule, NoAnswerError } from "./isolated";

const { port, signal, file, heap }: ThreadData = workerData;
const isolated = new IsolatedModule(file, heap);

port.on("message", async ([name, args, seconds]: ThreadCall) => {
  let answer: ThreadAnswer;
  try {
    answer = { value: await isolated.call(name, args, seconds) };
  } catch (error) {
    answer = { failure: messageOf(error), isNoAnswer: error instanceof NoAnswerError };
  }
  port.postMessage(answer);
  Atomics.store(signal, 0, 1);
  Atomics.notify(signal, 0);
});

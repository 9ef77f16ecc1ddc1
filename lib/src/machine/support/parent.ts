import { Worker } from "node:worker_threads";
import { guardOutput } from "./output";

/** How often it is looked whether the parent is there, in milliseconds. */
const LOOK = 1000;

/** Runs in the thread. A process whose parent has ended gets another one. */
const WATCH = `
const { workerData } = require("node:worker_threads");
setInterval(() => {
  if (process.ppid !== workerData.parent) process.kill(process.pid, "SIGKILL");
}, workerData.look);
`;

/**
 * Ends this process when the one that started it has ended, in whatever way and however busy this one is. (On Windows only
 * when it comes to rest.)
 */
export function endWithParent(): void {
  guardOutput();
  process.on("disconnect", () => process.exit());
  const workerData = { parent: process.ppid, look: LOOK };
  new Worker(WATCH, { eval: true, execArgv: [], workerData }).on("error", () => {}).unref();
}

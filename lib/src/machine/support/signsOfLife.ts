import { rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { Worker } from "node:worker_threads";
import { readSmallFile } from "./files";
import { isRunning, machineName } from "./machine";

/** How often a process gives a sign of life, in milliseconds. */
export const HEARTBEAT = 5_000;

/** A process that gave no sign of life for so long, in milliseconds, counts as gone. */
export const EXPIRY = 60_000;

/** Runs in the thread: the time of the last change is the sign. */
const BEAT = `
const { utimesSync } = require("node:fs");
const { workerData } = require("node:worker_threads");
setInterval(() => {
  try { utimesSync(workerData.file, new Date(), new Date()); } catch {}
}, workerData.every);
`;

/** Who holds something that others would like to have, as it stands in a file. */
export interface Holder {
  host: string;
  /** See {@link machineName}: only there does the process id say something. Older versions wrote none. */
  machine?: string;
  process: number;
  /** When it began, ISO 8601. */
  started: string;
}

/** This process, for a file that others read. */
export function thisHolder(): Holder {
  return { host: hostname(), machine: machineName(), process: process.pid, started: new Date().toISOString() };
}

/** Of a file with a holder, in bytes. */
const LARGEST = 2 ** 16;

/** Who a file says holds it; undefined if it says nothing of the kind. */
export function readHolder(path: string): Holder | undefined {
  try {
    const { host, machine, process, started } = JSON.parse(readSmallFile(path, LARGEST).toString()) as Partial<Holder>;
    const known = typeof host === "string" && Number.isSafeInteger(process) && typeof started === "string";
    return known ? { host, machine, process: process!, started } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a holder of this machine runs no more; of other machines only their signs of life tell. */
export function hasEnded(holder: Holder | undefined): boolean {
  return holder?.machine === machineName() && !isRunning(holder.process);
}

/** Gives signs of life by a file's time of change, from a thread of its own: the main thread may be busy for minutes. */
export class Heart {
  private readonly thread: Worker;

  constructor(file: string, every: number = HEARTBEAT) {
    this.thread = new Worker(BEAT, { eval: true, execArgv: [], workerData: { file, every } });
    // Without it others may think this process dead and do its work as well.
    this.thread.on("error", () => {});
    this.thread.unref();
  }

  stop(): void {
    void this.thread.terminate();
  }
}

/**
 * Watches signs of life. Clocks of machines are never compared: a file has had none if its time of change stood still, by a
 * clock of the one who looks that nobody sets.
 */
export class LifeWatch {
  /** Times of change, and when they were first seen. */
  private readonly seen = new Map<string, { stamp: bigint; since: number }>();

  constructor(private readonly expiry: number = EXPIRY) {}

  /** Whether a file's time of change has stood still for too long. */
  isStill(path: string, stamp: bigint): boolean {
    const seen = this.seen.get(path);
    if (seen?.stamp === stamp) return performance.now() - seen.since > this.expiry;
    this.seen.set(path, { stamp, since: performance.now() });
    return false;
  }

  forget(path: string): void {
    this.seen.delete(path);
  }
}

/**
 * Removes what somebody who has gone held. Of several who do so at once only one succeeds: the one who makes the file that
 * says so. What it finds there instead, because another was faster, belongs to somebody alive and stays.
 *
 * @param mark tells this holding from all that come after it, in hexadecimal digits
 * @param isIt whether it is still there
 */
export function removeHeld(path: string, mark: string, isIt: () => boolean): boolean {
  const removal = `${path}.${mark}.old`;
  try {
    writeFileSync(removal, `${JSON.stringify(thisHolder())}\n`, { flag: "wx" });
  } catch {
    // Of a process that was killed just then: it takes a millisecond.
    const made = statSync(removal, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (hasEnded(readHolder(removal)) || Date.now() - made > EXPIRY) tryRemove(removal);
    return false;
  }
  const isRemoved = isIt() && tryRemove(path);
  tryRemove(removal);
  return isRemoved;
}

/** Whoever cannot remove a file (read-only by now, or somebody else's) leaves it to the next one. @returns whether it is gone */
export function tryRemove(path: string): boolean {
  try {
    rmSync(path, { force: true });
    return true;
  } catch {
    return false;
  }
}

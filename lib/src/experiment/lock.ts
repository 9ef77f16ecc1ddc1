import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { writeFileAtomically } from "../support/files";

/** How often a worker gives a sign of life, in milliseconds. */
export const HEARTBEAT = 5_000;

/** A worker that gave no sign of life for so long, in milliseconds, counts as gone. */
export const EXPIRY = 60_000;

/** A process that computes units of a store. */
export interface StoreWorker {
  host: string;
  process: number;
  /** When it began, ISO 8601. */
  started: string;
}

/** What a claim says of itself. */
export interface Claim {
  key: string;
  worker: StoreWorker;
  /** Of the worker's last sign of life, milliseconds since 1970 by the clock of the worker. */
  lastSign: number;
}

const CLAIM = /^[0-9a-f]{64}$/;
const WORKER = /^worker\..*\.json$/;

/**
 * Says which units this process is computing, so that others take different ones. Claims only save work: a result is right
 * and kept whoever computes it, and if two processes ever take the same unit, it is computed twice and saved twice.
 *
 * A claim is a hard link to a file of its worker, named by the unit: made in one step or not at all, also on network file
 * systems, and one time stamp is the sign of life of all of them. Clocks of machines are never compared: a claim has
 * expired if its time stamp stood still for {@link EXPIRY}, by the clock of the one who looks.
 */
export class UnitClaims {
  private readonly folder: string;
  private readonly file: string;
  private readonly held = new Set<string>();
  /** Claims of others: the time stamp that was seen, and when it was first seen. */
  private readonly watched = new Map<string, { stamp: number; since: number }>();
  private heart: Worker | undefined;
  /** Some file systems have no hard links: everybody computes everything there, in the order of the units. */
  private canLink = true;

  /** @throws UserError if the store cannot be written */
  constructor(store: string) {
    this.folder = claimFolder(store);
    this.file = join(this.folder, `worker.${hostname()}.${process.pid}.${randomBytes(4).toString("hex")}.json`);
    const worker: StoreWorker = { host: hostname(), process: process.pid, started: new Date().toISOString() };
    writeFileAtomically(this.file, `${JSON.stringify(worker)}\n`);
    this.removeLeftovers();
    // In a thread of its own: the main thread may be busy for minutes.
    this.heart = new Worker(BEAT, { eval: true, execArgv: [], workerData: { file: this.file, every: HEARTBEAT } });
    this.heart.unref();
    process.on("exit", this.close);
  }

  /** Takes a unit, unless somebody else who is alive has it. */
  take(key: string): boolean {
    if (this.held.has(key)) return true;
    if (this.canLink && !this.link(key)) {
      if (!this.isAbandoned(key)) return false;
      // Two who find the same claim abandoned may both come to here; then both compute the unit.
      rmSync(this.path(key), { force: true });
      if (!this.link(key)) return false;
    }
    this.watched.delete(key);
    this.held.add(key);
    return true;
  }

  /** Gives a unit back, computed or not. */
  release(key: string): void {
    if (!this.held.delete(key) || !this.canLink) return;
    try {
      // Taken over by somebody who thought this process dead: then the claim is theirs.
      if (statSync(this.path(key)).ino === statSync(this.file).ino) rmSync(this.path(key), { force: true });
    } catch {
      // Gone already.
    }
  }

  /** Gives everything back. */
  readonly close = (): void => {
    process.off("exit", this.close);
    for (const key of [...this.held]) this.release(key);
    void this.heart?.terminate();
    this.heart = undefined;
    rmSync(this.file, { force: true });
  };

  private path(key: string): string {
    return join(this.folder, key);
  }

  private link(key: string): boolean {
    try {
      linkSync(this.file, this.path(key));
      return true;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EEXIST") return this.isMine(key);
      // Removed by somebody who tidies the store: the units are still worth computing.
      if (code === "ENOENT") mkdirSync(this.folder, { recursive: true });
      this.canLink = false;
      return true;
    }
  }

  /** Over NFS a link may have been made although its answer was lost and it was tried again. */
  private isMine(key: string): boolean {
    try {
      return statSync(this.path(key)).ino === statSync(this.file).ino;
    } catch {
      return false;
    }
  }

  private isAbandoned(key: string): boolean {
    try {
      const stamp = statSync(this.path(key)).mtimeMs;
      const seen = this.watched.get(key);
      if (seen?.stamp !== stamp) this.watched.set(key, { stamp, since: performance.now() });
      else if (performance.now() - seen.since > EXPIRY) return true;
      return hasEnded(readWorker(this.path(key)));
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "ENOENT";
    }
  }

  /** Removes what killed processes of this machine left behind. */
  private removeLeftovers(): void {
    for (const name of readdirSync(this.folder)) {
      const path = this.path(name);
      if ((CLAIM.test(name) || WORKER.test(name)) && hasEnded(readWorker(path))) rmSync(path, { force: true });
    }
  }
}

/** All claims in a store whose workers seem alive, for people: by clocks of several machines, which may differ. */
export function livingClaims(store: string, now: number = Date.now()): Claim[] {
  const claims: Claim[] = [];
  let names: string[] = [];
  try {
    names = readdirSync(claimFolder(store)).filter((name) => CLAIM.test(name));
  } catch {
    // No claim was ever made.
  }
  for (const key of names) {
    const path = join(claimFolder(store), key);
    const worker = readWorker(path);
    const lastSign = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (!worker || lastSign === undefined || hasEnded(worker) || now - lastSign > EXPIRY) continue;
    claims.push({ key, worker, lastSign });
  }
  return claims;
}

const claimFolder = (store: string): string => join(store, "claims");

/** Runs in the thread: the claims share the file's time stamp. */
const BEAT = `
const { utimesSync } = require("node:fs");
const { workerData } = require("node:worker_threads");
setInterval(() => {
  try { utimesSync(workerData.file, new Date(), new Date()); } catch {}
}, workerData.every);
`;

function readWorker(path: string): StoreWorker | undefined {
  try {
    const { host, process, started } = JSON.parse(readFileSync(path, "utf8")) as Partial<StoreWorker>;
    const known = typeof host === "string" && Number.isSafeInteger(process) && typeof started === "string";
    return known ? { host, process: process!, started } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a worker of this machine runs no more; of other machines only their signs of life tell. */
function hasEnded(worker: StoreWorker | undefined): boolean {
  if (worker?.host !== hostname()) return false;
  try {
    process.kill(worker.process, 0); // Signal 0 only asks.
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

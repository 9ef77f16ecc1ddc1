import { open, readFile, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeFolder } from "../support/files";
import { machineName } from "../support/machine";

/** A lock of another machine (a shared home folder) counts as left behind after this many milliseconds. */
const FORGOTTEN = 6 * 3600 * 1000;

/** Locks that this program holds, or is about to take: one of its number on disk that is not here is left behind. */
const held = new Set<string>();

/**
 * Runs work while no other program does the same: two notebooks that want the same model download it once, instead of
 * writing into each other's file. Waits for the other; a lock whose program has ended is taken over.
 *
 * @param path names the work; the lock is a file beside it
 * @param pause milliseconds between two looks
 * @param onWait is called once, if there is another one to wait for
 */
export async function withLock<Result>(
  path: string,
  work: () => Promise<Result>,
  pause: number = 500,
  onWait: () => void = () => {},
): Promise<Result> {
  const lock = `${path}.lock`;
  makeFolder(dirname(lock));
  let waits = false;
  const wait = async () => {
    if (!waits) onWait();
    waits = true;
    await sleep(pause);
  };
  while (held.has(lock)) await wait();
  held.add(lock);
  try {
    while (!(await take(lock))) {
      if (await isLeftBehind(lock)) await rm(lock, { force: true });
      else await wait();
    }
    try {
      return await work();
    } finally {
      await rm(lock, { force: true });
    }
  } finally {
    held.delete(lock);
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, "wx");
    await file.writeFile(JSON.stringify({ host: machineName(), process: process.pid }));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function isLeftBehind(lock: string): Promise<boolean> {
  try {
    const age = Date.now() - (await stat(lock)).mtimeMs;
    const text = await readFile(lock, "utf8");
    // Being written at this moment, or the program ended right then.
    if (text === "") return age > 10_000;
    const owner = JSON.parse(text) as { host?: string; process?: number };
    // Older versions wrote the host's name alone, which several machines can have.
    if (owner.host !== machineName() && owner.host !== hostname()) return age > FORGOTTEN;
    if (owner.process === process.pid) return true;
    process.kill(owner.process ?? 0, 0);
    return false;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // Gone meanwhile: the next look decides. Somebody else's program: it runs.
    return code !== "ENOENT" && code !== "EPERM";
  }
}

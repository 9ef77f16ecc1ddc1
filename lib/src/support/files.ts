import { randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { messageOf, UserError } from "./errors";

/**
 * Writes a file so that it is either there in full or not there at all: a temporary file beside it, flushed to disk,
 * then renamed. Missing folders are made, and what a killed process left of an earlier attempt is removed.
 *
 * @param path where the file goes
 * @param content its bytes, in one piece or as pieces that are written one after the other
 * @throws UserError if the folder cannot be made or written (read-only, disk full); nothing is left behind
 */
export function writeFileAtomically(path: string, content: string | Uint8Array | Iterable<Uint8Array>): void {
  const temporary = `${path}.${hostname()}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  const pieces: Iterable<Uint8Array> =
    typeof content === "string"
      ? [new TextEncoder().encode(content)]
      : content instanceof Uint8Array
        ? [content]
        : content;
  let file: number | undefined;
  try {
    makeFolder(dirname(path));
    file = openSync(temporary, "wx");
    for (const piece of pieces) {
      // A single write may be cut short (2 GiB on Linux), so go on from where it stopped.
      for (let done = 0; done < piece.length; ) done += writeSync(file, piece, done, piece.length - done);
    }
    fsyncSync(file);
    closeSync(file);
    file = undefined;
    renameSync(temporary, path);
    removeLeftovers(path);
  } catch (error) {
    if (file !== undefined) closeSync(file);
    try {
      rmSync(temporary, { force: true });
    } catch {
      // The folder itself is out of reach; the message below says so.
    }
    throw new UserError(`cannot write ${path}: ${writeProblem(error)}`, { cause: error });
  }
}

/** Removes what processes of this machine that were killed while they wrote the same file have left behind. */
function removeLeftovers(path: string): void {
  const start = `${basename(path)}.${hostname()}.`;
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(start)) continue;
    const writer = /^(\d+)\.[0-9a-f]{8}\.tmp$/.exec(name.slice(start.length))?.[1];
    if (writer && !isRunning(Number(writer))) rmSync(join(dirname(path), name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0); // Signal 0 only asks.
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Makes a folder and those above it, unless they are there. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    // In a read-only file system Node says that there is no such folder; asking for the right to write gives the reason.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") accessSync(nearestFolder(folder), constants.W_OK);
    throw error;
  }
}

/** The folder itself or the first one above it that is there. */
function nearestFolder(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestFolder(dirname(folder));
}

/** Why something could not be written, for people. */
export function writeProblem(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  const remedies: Record<string, string> = {
    ENOSPC: "the disk is full; free some space and run again, finished work is kept",
    EDQUOT: "your disk quota is used up; free some space and run again, finished work is kept",
    EROFS: "the file system is read-only; name another folder",
    EACCES: "you may not write there; name another folder",
    EPERM: "you may not write there; name another folder",
    ENOTDIR: "a part of the path is a file, not a folder",
    EEXIST: "a part of the path is a file, not a folder",
    EISDIR: "there is a folder of that name",
  };
  return (code && remedies[code]) || messageOf(error);
}

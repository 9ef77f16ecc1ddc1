import { randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { totalmem } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { messageOf, UserError } from "./errors";
import { isRunning, machineName } from "./machine";
import { outputTarget, writeThrough } from "./outputTarget";
import { LARGEST_POINTER, refuseEmptyLink, refusePointer } from "./pointerFile";

/** A file that is still not finished after so many milliseconds never will be, whoever was writing it. */
const LONGEST_WRITING = 24 * 3600 * 1000;

/**
 * Opens a file for reading. The caller closes it.
 *
 * @returns its descriptor, and its size in bytes
 * @throws UserError if it is not there, may not be read, is a pointer of git, or no file: reading a pipe or a device may never end
 */
export function openToRead(path: string): { file: number; size: number } {
  let file: number | undefined;
  try {
    // Opening a pipe would wait for somebody to write into it.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const found = fstatSync(file);
    if (!found.isFile()) throw new Error("it is no regular file");
    if (found.size <= LARGEST_POINTER) refusePointer(path, readUpTo(file, found.size));
    return { file, size: found.size };
  } catch (error) {
    if (file !== undefined) closeSync(file);
    if (error instanceof UserError) throw error;
    refuseEmptyLink(path);
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new UserError(`${path}: ${missing ? "no such file" : `cannot be read (${messageOf(error)})`}`, {
      cause: error,
    });
  }
}

/**
 * Reads a whole file that ought to be small.
 *
 * @param largest the most bytes that it may have
 * @throws UserError as {@link openToRead}, and if it is larger
 */
export function readSmallFile(path: string, largest: number): Buffer {
  const { file, size } = openToRead(path);
  try {
    if (size > largest) {
      throw new UserError(`${path}: has ${size} bytes, more than the ${largest} that a file of its kind may have`);
    }
    return readUpTo(file, size);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${path}: cannot be read (${messageOf(error)})`, { cause: error });
  } finally {
    closeSync(file);
  }
}

/** The first so many bytes of a file, fewer if it has become shorter. */
function readUpTo(file: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let filled = 0;
  for (let count = -1; count !== 0 && filled < size; filled += count) {
    count = readSync(file, bytes, filled, size - filled, filled);
  }
  return bytes.subarray(0, filled);
}

/**
 * Bytes of an open file, in memory of their own; a single read of the system ends at 2 GiB.
 *
 * @throws Error if the file ends before, or they are more than this machine's memory: a file with holes can be larger than all disks
 */
export function readRange(file: number, begin: number, end: number, target = ownMemory(end - begin)): Uint8Array {
  for (let at = begin; at < end; ) {
    const count = readSync(file, target, at - begin, Math.min(end - at, 1 << 30), at);
    if (count === 0) throw new Error("the file ends early");
    at += count;
  }
  return target;
}

function ownMemory(bytes: number): Uint8Array {
  if (bytes > totalmem()) throw new Error(`it has ${bytes} bytes, more than this machine's memory`);
  return new Uint8Array(bytes);
}

/** Refuses a file that {@link openToRead} refuses, before others read it by its path. @throws UserError */
export function checkReadable(path: string): void {
  closeSync(openToRead(path).file);
}

/**
 * Writes a file so that it is either there in full or not there at all: a temporary file beside it, flushed to disk,
 * then renamed. Missing folders are made, and what a killed process left of an earlier attempt is removed. A link stays, and
 * what it leads to is written; pipes and devices are written through.
 *
 * @param path where the file goes
 * @param content its bytes, in one piece or as pieces that are written one after the other
 * @throws UserError if it is a folder, or the folder cannot be made or written (read-only, disk full); nothing is left behind
 */
export function writeFileAtomically(path: string, content: string | Uint8Array | Iterable<Uint8Array>): void {
  const pieces: Iterable<Uint8Array> =
    typeof content === "string"
      ? [new TextEncoder().encode(content)]
      : content instanceof Uint8Array
        ? [content]
        : content;
  whileWriting(path, () => {
    const target = outputTarget(path);
    if ("stream" in target) writeThrough(target.stream, pieces);
    else replaceFile(target, pieces);
  });
}

/** @throws the system's own error */
function replaceFile({ file: path, mode }: { file: string; mode?: number }, pieces: Iterable<Uint8Array>): void {
  const temporary = `${path}.${machineName()}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  let file: number | undefined;
  try {
    makeFolder(dirname(path));
    file = openSync(temporary, "wx");
    // Of a file that is there, who may read it stays as it is.
    if (mode !== undefined) fchmodSync(file, mode);
    for (const piece of pieces) {
      // A single write may be cut short (2 GiB on Linux), so go on from where it stopped.
      for (let done = 0; done < piece.length; ) done += writeSync(file, piece, done, piece.length - done);
    }
    fsyncSync(file);
    closeSync(file);
    file = undefined;
    renameSync(temporary, path);
    removeUnfinished(dirname(path), basename(path));
  } catch (error) {
    if (file !== undefined) closeSync(file);
    try {
      rmSync(temporary, { force: true });
    } catch {
      // The folder itself is out of reach, which the error says.
    }
    throw error;
  }
}

/**
 * Finds out before the work, not after it, whether a file could be written; nothing is made.
 *
 * @throws UserError if it is a folder, or its folder cannot be made or written
 */
export function checkOutputFile(path: string): void {
  whileWriting(path, () => {
    const target = outputTarget(path);
    if ("file" in target) checkFolder(dirname(target.file));
  });
}

/** As {@link checkOutputFile}, of a folder that need not be there yet. @throws UserError if it is a file, or cannot be written */
export function checkOutputFolder(folder: string): void {
  whileWriting(folder, () => checkFolder(resolve(folder)));
}

function whileWriting(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot write ${path}: ${writeProblem(error)}`, { cause: error });
  }
}

function checkFolder(folder: string): void {
  accessSync(`${nearestFolder(folder)}/.`, constants.W_OK);
}

/**
 * Removes what processes that were killed while they wrote a file into a folder have left behind: those of this machine
 * at once, those of others when nothing has come for a day.
 *
 * @param file of which file; of all in the folder without it
 * @param now milliseconds since 1970, by the clock of whoever keeps the folder
 * @returns how many there were
 */
export function removeUnfinished(folder: string, file?: string, now: number = Date.now()): number {
  let removed = 0;
  try {
    for (const name of readdirSync(folder)) {
      const [, before, writer] = /^(.+)\.(\d+)\.[0-9a-f]{8}\.tmp$/.exec(name) ?? [];
      if (writer === undefined || (file !== undefined && !before.startsWith(`${file}.`))) continue;
      const path = join(folder, name);
      const isOurs = before.endsWith(`.${machineName()}`);
      if (isOurs ? isRunning(Number(writer)) : now - statSync(path).mtimeMs < LONGEST_WRITING) continue;
      rmSync(path, { force: true });
      removed++;
    }
  } catch {
    // Not ours to tidy, or somebody else is at it.
  }
  return removed;
}

/**
 * Makes a folder for files that are not needed after this process. What processes of this machine that were killed left of
 * theirs is removed.
 *
 * @param parent where
 * @throws UserError if it cannot be made
 */
export function makeWorkFolder(parent: string): string {
  const start = `token-geometry-work.${machineName()}.`;
  try {
    for (const name of readdirSync(parent)) {
      const owner = name.startsWith(start) && /^(\d+)\.\w{6}$/.exec(name.slice(start.length))?.[1];
      if (owner && !isRunning(Number(owner))) rmSync(join(parent, name), { recursive: true, force: true });
    }
    return mkdtempSync(join(parent, `${start}${process.pid}.`));
  } catch (error) {
    throw new UserError(`cannot write into ${parent}: ${writeProblem(error)}`, { cause: error });
  }
}

/** Changes whenever a file is written or exchanged: the time of the last change of its inode cannot be set by programs. */
export function stampOf(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found ? [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join() : "missing";
}

/** Makes a folder and those above it, unless they are there. @throws the system's own error */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    // In a read-only file system Node says that there is no such folder; asking for the right to write gives the reason.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") accessSync(nearestFolder(folder), constants.W_OK);
    throw error;
  }
}

/** The folder itself or the first one above it that is there, if only as a link to nothing. */
function nearestFolder(folder: string): string {
  const isThere = lstatSync(folder, { throwIfNoEntry: false }) !== undefined;
  return isThere || dirname(folder) === folder ? folder : nearestFolder(dirname(folder));
}

/** Why something could not be written, for people. */
export function writeProblem(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  const remedies: Record<string, string> = {
    ENOSPC: "the disk is full; free some space and run again, finished work is kept",
    EDQUOT: "your disk quota is used up; free some space and run again, finished work is kept",
    EFBIG: "the file would be larger than you may write (ulimit -f); raise the limit, finished work is kept",
    EROFS: "the file system is read-only; name another folder",
    EACCES: "you may not write there; name another folder",
    EPERM: "you may not write there; name another folder",
    ENOTDIR: "a part of the path is a file, not a folder",
    EEXIST: "a part of the path is a file, not a folder",
    EISDIR: "there is a folder of that name",
    ENOENT: "a part of the path is a link that leads nowhere",
    ELOOP: "its links lead in a circle",
    EPIPE: "whoever read it has stopped",
    EBADF: "nobody has opened it for writing",
  };
  return (code && remedies[code]) || messageOf(error);
}

import { closeSync, constants, fstatSync, openSync, readlinkSync, realpathSync, statSync, writeSync } from "node:fs";
import { dirname, resolve, sep } from "node:path";
import { UserError } from "./errors";
import { leadsIntoAnnex } from "./pointerFile";

/** Where output goes that a path names: a file that is replaced as a whole, or something that is written through. */
export type OutputTarget = { file: string; mode?: number } | { stream: string | number };

/** What people write for the standard output. */
export const STANDARD_OUTPUT = "-";

/** Links that are followed, as many as Linux follows. */
const MOST_LINKS = 40;

/**
 * Looks at what a path for output leads to: of links to a file that file, so that they stay; pipes, devices and what this process
 * has open already are written through, and never replaced.
 *
 * @param path of a file; "-" or /dev/stdout for the standard output
 * @throws UserError if it names a folder, or what cannot be written; the system's own error if nothing can be found out
 */
export function outputTarget(path: string): OutputTarget {
  const refuse = (why: string): never => {
    throw new UserError(`cannot write ${path}: ${why}`);
  };
  if (path === "") throw new UserError("cannot write a file without a name");
  const open = descriptorOf(path);
  if (open !== undefined) return takesOutput(open) ? { stream: open } : refuse("nobody has opened it for writing");
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) return refuse("there is a folder of that name; name a file");
  if (found?.isFIFO() || found?.isCharacterDevice()) return { stream: path };
  if (found && !found.isFile()) return refuse(`it is a ${found.isSocket() ? "socket" : "disk"}; name a file`);
  if (path.endsWith("/") || path.endsWith(sep)) return refuse("it names a folder; name a file");
  const shared = [1, 2].find((descriptor) => found && isSameFile(descriptor, found));
  if (shared !== undefined) return { stream: shared };
  const file = found ? realpathSync(path) : endOfLinks(path);
  if (leadsIntoAnnex(file)) return refuse("it is a link of git-annex: git annex unlock");
  return { file, ...(found && { mode: found.mode & 0o777 }) };
}

/** Whether what is written to a path comes out of the standard output, beside everything else. */
export function isStandardOutput(path: string): boolean {
  const target = outputTarget(path);
  return "stream" in target && target.stream === 1;
}

/** The descriptor that a path names, whatever it leads to. */
function descriptorOf(path: string): number | undefined {
  if (path === STANDARD_OUTPUT) return 1;
  const [, name, number] = /^\/(?:dev\/(?:(stdout|stderr)|fd\/(\d+))|proc\/self\/fd\/(\d+))$/.exec(resolve(path)) ?? [];
  if (name) return name === "stdout" ? 1 : 2;
  return number === undefined ? undefined : Number(number);
}

/** Whether a descriptor may be somebody's: those that Node has for itself are of other kinds. */
function takesOutput(descriptor: number): boolean {
  try {
    const open = fstatSync(descriptor);
    return open.isFile() || open.isFIFO() || open.isCharacterDevice() || open.isSocket();
  } catch {
    return false; // It is closed.
  }
}

function isSameFile(descriptor: number, { dev, ino }: { dev: number; ino: number }): boolean {
  try {
    const open = fstatSync(descriptor);
    return open.isFile() && open.dev === dev && open.ino === ino;
  } catch {
    return false; // It is closed.
  }
}

/** Of links that lead to a file which is not there yet, that file. */
function endOfLinks(path: string): string {
  let end = resolve(path);
  for (let links = 0; links < MOST_LINKS; links++) {
    let link: string;
    try {
      link = readlinkSync(end);
    } catch {
      return end;
    }
    end = resolve(realpathSync(dirname(end)), link);
  }
  return end;
}

/**
 * Writes to a pipe, a device or a descriptor, which may have others write to it before and after. A reader of the standard
 * output that has seen enough (`| head`) is no error.
 *
 * @throws the system's own error
 */
export function writeThrough(stream: string | number, pieces: Iterable<Uint8Array>): void {
  const file = typeof stream === "number" ? stream : openSync(stream, constants.O_WRONLY);
  try {
    for (const piece of pieces) {
      for (let done = 0; done < piece.length; ) done += writeSome(file, piece.subarray(done));
    }
  } catch (error) {
    if (stream !== 1 || (error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  } finally {
    if (file !== stream) closeSync(file);
  }
}

/** How long a full pipe is left alone, in milliseconds. */
const PAUSE = 5;

function writeSome(file: number, bytes: Uint8Array): number {
  try {
    return writeSync(file, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
    return 0;
  }
}

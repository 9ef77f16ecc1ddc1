import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, UserError } from "../support/errors";
import { makeFolder } from "../support/files";
import { LONGEST_WAIT } from "../support/retry";
import { foreignPage, isWebPage } from "./refusal";
import { type HubConnection, lostConnection } from "./request";
import { HubUnreachable } from "./unreachable";

/** A file of a repository, as the hub lists it. */
export interface HubFile {
  /** Inside the repository, with slashes. */
  path: string;
  size: number;
  /** SHA-256 of the content (64 digits), or Git's SHA-1 of it (40 digits) for small files. */
  hash: string;
}

export interface DownloadOptions {
  /** Is told how many bytes are there, after every piece. */
  onBytes?(bytes: number): void;
  /** Milliseconds without a byte after which the connection counts as dead. */
  idle?: number;
  /** Milliseconds before the first new try; each further one without a new byte waits twice as long. */
  pause?: number;
  /** Who says what the file has to be, in messages; the hub without it. */
  listedBy?: string;
  /** Is called before anything is written. What it throws ends the download. */
  check?(): void;
  /** The variable that names another place for the file, in messages; HF_HOME without it. */
  placedBy?: string;
}

const THE_HUB = "the hub";

/** Tries in a row that bring nothing new. */
const FRUITLESS_TRIES = 5;

/**
 * Downloads a file, goes on where an earlier try stopped (its bytes are kept in `target`.incomplete), tries again by
 * itself if the connection breaks, and checks size and hash before the file gets its name.
 *
 * @param target where the content goes
 * @throws UserError if the connection is lost for good (run again to go on), the hub refuses, the disk is full, or the
 *   content is not what the hub listed (it is thrown away then)
 */
export async function downloadFile(
  connection: HubConnection,
  url: string,
  file: HubFile,
  target: string,
  options: DownloadOptions = {},
): Promise<void> {
  const { pause = 500, listedBy = THE_HUB } = options;
  const part = `${target}.incomplete`;
  const label = `${connection.repository.name}, ${file.path}`;
  try {
    makeFolder(dirname(target));
    let most = await sizeOf(part);
    for (let fruitless = 0; (await sizeOf(part)) !== file.size; ) {
      try {
        options.check?.();
        await fetchRest(connection, url, file, part, options);
      } catch (error) {
        if (!(error instanceof HubUnreachable)) throw error;
        const have = await sizeOf(part);
        if (have > most) fruitless = 0;
        most = Math.max(most, have);
        const { when, delay = pause * 2 ** fruitless } = error.next;
        if (++fruitless > FRUITLESS_TRIES || when === "never" || delay > LONGEST_WAIT) {
          const progress = `${(Math.max(have, 0) / 1e6).toFixed(1)} of ${(file.size / 1e6).toFixed(1)} MB`;
          throw new UserError(
            `${label}: the download broke off at ${progress} (the hub: ${error.message}); run again to go on from there`,
            { cause: error },
          );
        }
        await sleep(delay);
      }
    }
    const hash = await hashOf(part, file);
    options.check?.();
    if (hash !== file.hash) {
      await rm(part, { force: true });
      throw new UserError(
        `${label}: came with hash ${hash}, ${listedBy} lists ${file.hash}: it was thrown away, run again`,
      );
    }
    await rename(part, target);
  } catch (error) {
    throw error instanceof UserError
      ? error
      : new UserError(`${label}: ${diskProblem(error, dirname(part), options.placedBy)}`, { cause: error });
  }
}

/**
 * Exchanges what has come of a file so far for a copy: somebody who still has it open, and goes on one day, then writes
 * where nobody reads.
 *
 * @param target see {@link downloadFile}
 */
export async function separatePart(target: string): Promise<void> {
  const part = `${target}.incomplete`;
  const copy = `${part}.${process.pid}`;
  if ((await sizeOf(part)) < 0) return;
  await copyFile(part, copy);
  await rename(copy, part);
}

/** One connection: from the last byte that is there to the end, or to where it breaks. */
async function fetchRest(
  connection: HubConnection,
  url: string,
  { size, path }: HubFile,
  part: string,
  { idle = 60_000, listedBy = THE_HUB, onBytes }: DownloadOptions,
): Promise<void> {
  const label = `${connection.repository.name}, ${path}`;
  let have = await sizeOf(part);
  if (have > size) have = 0;
  const abort = new AbortController();
  const watch = setTimeout(() => abort.abort(), idle);
  // "a" goes on at the end, "w" starts anew.
  const output = await open(part, have > 0 ? "a" : "w");
  try {
    if (size === 0) return;
    const response = await connection.fetch(url, {
      headers: { "accept-encoding": "identity", ...(have > 0 && { range: `bytes=${have}-` }) },
      signal: abort.signal,
    });
    if (isWebPage(response) && !/\.html?$/i.test(path)) {
      await response.body?.cancel();
      throw foreignPage(response, connection.endpoint);
    }
    const total = announcedSize(response);
    if (response.status === 416 || (total !== undefined && total !== size)) {
      await response.body?.cancel();
      await rm(part, { force: true });
      throw new UserError(`${label}: has ${total ?? "another number of"} bytes, ${listedBy} lists ${size}; run again`);
    }
    if (response.status !== 206 && have > 0) {
      // The server does not know ranges.
      await output.truncate(0);
      have = 0;
    } else if (have > 0 && !response.headers.get("content-range")?.startsWith(`bytes ${have}-`)) {
      throw new UserError(`${label}: the hub sends another part of the file than was asked for`);
    }
    for await (const piece of piecesOf(response, url)) {
      watch.refresh();
      have += piece.length;
      if (have > size) {
        await rm(part, { force: true });
        throw new UserError(
          `${label}: is longer than the ${size} bytes that ${listedBy} lists: it was thrown away, run again`,
        );
      }
      await output.writeFile(piece);
      onBytes?.(have);
    }
    if (have < size) throw new HubUnreachable("the connection ended early");
    await output.sync();
  } finally {
    clearTimeout(watch);
    await output.close();
  }
}

/** The size of the whole file, if the answer says it. */
function announcedSize({ status, headers }: Response): number | undefined {
  // Of a packed answer, the length says nothing on the file.
  if (headers.has("content-encoding") && headers.get("content-encoding") !== "identity") return undefined;
  const text = status === 200 ? headers.get("content-length") : headers.get("content-range")?.split("/").pop();
  return text && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** The body of an answer; a connection that breaks is told from a disk that fails. */
async function* piecesOf(response: Response, url: string): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) throw new HubUnreachable("it sends an empty answer");
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw lostConnection(error, new URL(response.url || url));
      });
      if (done) return;
      yield value as Uint8Array;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** The hash of a file by the algorithm that the listed one was made with. */
async function hashOf(path: string, { hash, size }: HubFile): Promise<string> {
  const digest = createHash(hash.length === 64 ? "sha256" : "sha1");
  // Git hashes a small header too.
  if (hash.length === 40) digest.update(`blob ${size}\0`);
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) digest.update(piece as Buffer);
  return digest.digest("hex");
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return -1;
  }
}

/** Why a file cannot be kept, and what to do. */
export function diskProblem(error: unknown, folder: string, variable = "HF_HOME"): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOSPC" || code === "EDQUOT")
    return "the disk is full; free some space and run again to go on from there";
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return `cannot write ${folder}: name another folder in ${variable}`;
  }
  return messageOf(error);
}

import { createReadStream, createWriteStream, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { messageOf, UserError } from "../support/errors";
import { sha256Of } from "../support/hash";
import { withRetries } from "../support/retry";
import { failureOf, fetchFromIndex, passingFailure, shownAddress } from "./indexRequest";
import type { IndexFile } from "./packageIndex";
import { ProgressBar } from "./progressBar";

/** A download that was under way and failed for a reason that another source would not mend. */
export class DownloadError extends UserError {}

/** Something that is told of every piece that comes. */
export interface ByteCount {
  /** @throws Stopped if the download is to end here */
  add(bytes: number): void;
  end(): void;
}

export interface DownloadOptions {
  /** Milliseconds without a byte after which the connection counts as dead. */
  idle?: number;
  /** Milliseconds before the first new try. */
  pause?: number;
  /** Makes what counts the bytes: `total` of them (0 if not known), of which `already` are there; a bar on stderr without it. */
  count?(label: string, total: number, already: number): ByteCount;
}

/**
 * Downloads a file, going on where an earlier try stopped (its bytes are kept in `target` + ".part"), a few times by
 * itself, and checks its SHA-256 before it gets its name.
 *
 * @throws UserError if the connection breaks (run again to go on), or the content is not what the index promised (the part
 *   is then removed)
 */
export async function download(file: IndexFile, target: string, options: DownloadOptions = {}): Promise<void> {
  const { idle = 60_000, pause, count = (...of) => new ProgressBar(...of) } = options;
  const part = `${target}.part`;
  mkdirSync(dirname(target), { recursive: true });
  const have = () => statSync(part, { throwIfNoEntry: false })?.size ?? 0;
  const fetchMissing = async () => {
    if (file.size === undefined || have() < file.size) await fetchRest(file, part, have(), idle, count);
  };
  try {
    if (file.url.startsWith("file:")) await copy(file, part, count);
    else await withRetries(fetchMissing, (error) => passingFailure(error, file.url), { pause });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOSPC")
      throw new DownloadError(`the disk is full while ${part} was written; free some space and run again`);
    if (error instanceof UserError) throw error;
    throw new DownloadError(
      `the download of ${file.fileName} broke off (${failureOf(error, file.url)}); run again to go on from there`,
      {
        cause: error,
      },
    );
  }
  const sum = await sha256Of(part);
  if (file.sha256 && sum !== file.sha256) {
    rmSync(part, { force: true });
    throw new UserError(
      `${file.fileName} came with SHA-256 ${sum} instead of ${file.sha256}: it was thrown away, run again`,
    );
  }
  renameSync(part, target);
}

type Counter = NonNullable<DownloadOptions["count"]>;

async function copy(file: IndexFile, part: string, count: Counter): Promise<void> {
  const source = fileURLToPath(file.url);
  const bar = count(`copying ${file.fileName}`, statSync(source).size, 0);
  await pipeline(createReadStream(source, { highWaterMark: 2 ** 20 }), counting(bar), createWriteStream(part));
  bar.end();
}

async function fetchRest(file: IndexFile, part: string, have: number, idle: number, count: Counter): Promise<void> {
  const abort = new AbortController();
  const watch = setTimeout(() => abort.abort(new Error(`no data for ${idle / 1000} s`)), idle);
  try {
    const response = await fetchFromIndex(file.url, {
      headers:
        have > 0 ? { Range: `bytes=${have}-`, "Accept-Encoding": "identity" } : { "Accept-Encoding": "identity" },
      signal: abort.signal,
    });
    if (response.status === 416) {
      // The part is as long as the file, or the file has changed: the checksum decides.
      await response.body?.cancel();
      return;
    }
    if (!response.body) throw new UserError(`${shownAddress(file.url)} sends an empty answer`);
    const resumed = response.status === 206;
    const already = resumed ? have : 0;
    const length = Number(response.headers.get("content-length") ?? 0);
    const bar = count(`downloading ${file.fileName}`, length ? already + length : (file.size ?? 0), already);
    const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
    await pipeline(
      body,
      counting(bar, () => watch.refresh()),
      createWriteStream(part, { flags: resumed ? "a" : "w" }),
      { signal: abort.signal },
    );
    bar.end();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw abort.signal.aborted ? new Error(messageOf(abort.signal.reason)) : error;
  } finally {
    clearTimeout(watch);
  }
}

function counting(bar: ByteCount, onPiece?: () => void): Transform {
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      try {
        bar.add(piece.length);
        onPiece?.();
        done(null, piece);
      } catch (error) {
        done(error as Error);
      }
    },
  });
}

import { existsSync, readdirSync, statSync } from "node:fs";
import { lstat, readlink, rename, rm, statfs, symlink } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { datasetInfo, listFiles, modelInfo } from "@huggingface/hub";
import { messageOf, UserError } from "../support/errors";
import { makeFolder } from "../support/files";
import { type ProgressReporter, silentProgress } from "../support/progress";
import { cachedCommit, hubCache, isCommit, type Repository, repositoryFolder, snapshotFolder } from "./cache";
import { type DownloadOptions, diskProblem, downloadFile, type HubFile, separatePart } from "./download";
import { type Lock, tellOfOthers, withLock } from "./lock";
import { offlineReason } from "./offline";
import { connect, type HubConnection } from "./request";
import { HubUnreachable } from "./unreachable";

export interface HubOptions {
  /** Whether files in folders of a repository count, too; they always do in data sets. */
  folders?: boolean;
  /** An access token; the user's own without it. */
  token?: string;
  progress?: ProgressReporter;
  /** true downloads nothing; what is there already is used. */
  offline?: boolean;
  /** Is told, in a sentence, if the cache is used because the hub cannot be reached; prints it on stderr without it. */
  notice?(sentence: string): void;
  /** How patient downloads are. */
  download?: DownloadOptions;
}

/** One commit of a repository: what it holds, and the way to get it onto the disk. */
export interface Snapshot {
  commit: string;
  /** Where its files are once they are fetched. */
  folder: string;
  /** Paths of the files that can be had: all of them, or without the hub those in the cache. */
  paths: ReadonlySet<string>;
  /** Why that is not all, for messages: empty, or " in the cache, and .." */
  limits: string;
  /**
   * Brings files onto the disk; those that are there already are left alone.
   *
   * @throws UserError if one cannot be had
   */
  fetch(paths: readonly string[]): Promise<void>;
}

/**
 * Looks up a branch, tag or commit. Without the hub (no network, or downloads are forbidden) it is what the cache has of it.
 *
 * @throws UserError if there is no such thing, the hub refuses, or neither hub nor cache has it
 */
export async function openSnapshot(
  repository: Repository,
  revision: string,
  options: HubOptions = {},
): Promise<Snapshot> {
  const offline = offlineReason(options.offline);
  if (offline) return cachedSnapshot(repository, revision, offline);
  const { token, download } = options;
  const connection = connect(repository, { token, pause: download?.pause, notice: teller(options) });
  try {
    const commit = await commitOf(connection, revision);
    const files = await list(connection, commit, options.folders);
    const folder = snapshotFolder(repository, commit);
    return {
      commit,
      folder,
      paths: new Set(files.keys()),
      limits: "",
      async fetch(paths) {
        try {
          await fetchAll(connection, commit, files, paths, options);
        } catch (error) {
          if (error instanceof UserError) throw error;
          throw new UserError(`${repository.name}: ${diskProblem(error, hubCache())}`, { cause: error });
        }
      },
    };
  } catch (error) {
    if (error instanceof UserError) throw error;
    const why =
      error instanceof HubUnreachable
        ? `the hub cannot be reached (${error.message})`
        : `the hub's answer cannot be understood (${messageOf(error)})`;
    const snapshot = cachedSnapshot(repository, revision, why);
    teller(options)(`${why}: using ${repository.name} as it is in the cache`);
    return snapshot;
  }
}

/** Who is told in sentences what a person would want to know: stderr, unless somebody else listens. */
export function teller({ notice }: HubOptions): (sentence: string) => void {
  return notice ?? ((sentence) => void process.stderr.write(`${sentence}\n`));
}

/** Runs downloads, and ends their progress report, if there was anything to report, whether they succeed or not. */
export async function withProgress<Result>(
  options: HubOptions,
  work: (options: HubOptions) => Promise<Result>,
): Promise<Result> {
  const { progress = silentProgress } = options;
  let reported = false;
  const update: ProgressReporter["update"] = (...state) => {
    reported = true;
    progress.update(...state);
  };
  try {
    return await work({ ...options, progress: { update, finish: () => {} } });
  } finally {
    if (reported) progress.finish();
  }
}

/** What the cache has of a revision. @throws UserError if it has nothing, with the reason why only the cache counts */
export function cachedSnapshot(repository: Repository, revision: string, why: string): Snapshot {
  const commit = cachedCommit(repository, revision);
  const folder = commit && snapshotFolder(repository, commit);
  if (!commit || !folder || !existsSync(folder)) {
    throw new UserError(`${repository.name} (${revision}) is not in the cache ${hubCache()}, and ${why}`);
  }
  // A link to a content that is not there counts as missing.
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => statSync(join(folder, path), { throwIfNoEntry: false })?.isFile())
    .map((path) => path.split(sep).join("/"));
  return {
    commit,
    folder,
    paths: new Set(paths),
    limits: ` in the cache, and ${why}`,
    async fetch(wanted) {
      const missing = wanted.filter((path) => !paths.includes(path));
      if (missing.length > 0) {
        throw new UserError(`${repository.name}: the cache lacks ${missing.join(", ")}, and ${why}`);
      }
    },
  };
}

async function commitOf({ repository, endpoint, ask }: HubConnection, revision: string): Promise<string> {
  if (isCommit(revision)) return revision;
  const question = {
    name: repository.name,
    revision,
    hubUrl: endpoint,
    fetch: ask,
    additionalFields: ["sha" as const],
  };
  const { sha } = await (repository.type === "model" ? modelInfo(question) : datasetInfo(question));
  if (!isCommit(sha)) throw new Error("no commit");
  return sha;
}

async function list(
  { repository, endpoint, ask }: HubConnection,
  commit: string,
  folders = repository.type === "dataset",
): Promise<Map<string, HubFile>> {
  const files = new Map<string, HubFile>();
  for await (const entry of listFiles({
    repo: repository,
    revision: commit,
    recursive: folders,
    hubUrl: endpoint,
    fetch: ask,
  })) {
    if (entry.type !== "file" || !isPlainPath(entry.path)) continue;
    const hash = entry.lfs?.oid ?? entry.oid ?? "";
    const size = entry.lfs?.size ?? entry.size;
    // The hash becomes a file's name.
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash) || !Number.isSafeInteger(size)) throw new Error("no hash or size");
    files.set(entry.path, { path: entry.path, size, hash });
  }
  return files;
}

/** Whether a path stays inside the folder it is joined to, on every system. */
function isPlainPath(path: string): boolean {
  return path.split("/").every((part) => /^[^\\:\0]+$/.test(part) && part !== "." && part !== "..");
}

async function fetchAll(
  connection: HubConnection,
  commit: string,
  files: ReadonlyMap<string, HubFile>,
  paths: readonly string[],
  options: HubOptions,
): Promise<void> {
  const { progress = silentProgress, download } = options;
  const { repository } = connection;
  const folder = snapshotFolder(repository, commit);
  const wanted = paths.map((path) => {
    const file = files.get(path);
    if (!file) throw new UserError(`${repository.name}: has no file ${path} on the hub`);
    return file;
  });
  const missing = wanted.filter(({ path, size }) => sizeOf(join(folder, path)) !== size);
  const total = missing.reduce((sum, { size }) => sum + size, 0);
  await checkSpace(repository, missing);
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  let before = 0;
  for (const file of missing) {
    const blob = join(repositoryFolder(repository), "blobs", file.hash);
    const onBytes = (bytes: number) =>
      progress.update(megabytes(before + bytes), megabytes(total), `MB of ${repository.name}: ${file.path}`);
    await fetchBlob(connection, commit, file, blob, { onBytes, ...download }, teller(options));
    await link(blob, join(folder, file.path));
    before += file.size;
  }
}

/** Brings the content of a file into the cache, unless it is there. */
async function fetchBlob(
  connection: HubConnection,
  commit: string,
  file: HubFile,
  blob: string,
  options: DownloadOptions,
  tell: (sentence: string) => void,
): Promise<void> {
  const { repository, endpoint } = connection;
  const site = repository.type === "model" ? endpoint : `${endpoint}/datasets`;
  const path = file.path.split("/").map(encodeURIComponent).join("/");
  if (sizeOf(blob) === file.size) return;
  const fetchUnlessThere = async ({ takenOver, check }: Lock) => {
    // Another program may have fetched it while this one waited.
    if (sizeOf(blob) === file.size) return;
    if (takenOver) await separatePart(blob);
    const address = `${site}/${repository.name}/resolve/${commit}/${path}`;
    await downloadFile(connection, address, file, blob, { ...options, check });
  };
  await withLock(blob, fetchUnlessThere, tellOfOthers(`${repository.name}, ${file.path}`, tell));
}

/** @throws UserError if the disk has not the room for what is still to be downloaded */
async function checkSpace(repository: Repository, files: readonly HubFile[]): Promise<void> {
  const blobs = join(repositoryFolder(repository), "blobs");
  const needed = files.reduce((sum, { hash, size }) => {
    const have = Math.max(sizeOf(join(blobs, hash)), sizeOf(join(blobs, `${hash}.incomplete`)), 0);
    return sum + Math.max(size - have, 0);
  }, 0);
  let folder = blobs;
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= needed) return;
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(2);
  throw new UserError(
    `${repository.name}: ${gigabytes(needed)} GB are to be downloaded, the disk of ${hubCache()} has ` +
      `${gigabytes(bavail * bsize)} GB free: free some space, or name another folder in HF_HOME`,
  );
}

/** Puts a content into a snapshot, as a link relative to it: the cache may be moved. */
async function link(blob: string, path: string): Promise<void> {
  const target = relative(dirname(path), blob);
  makeFolder(dirname(path));
  const present = await lstat(path).catch(() => undefined);
  if (present?.isSymbolicLink() && (await readlink(path)) === target) return;
  await rm(path, { force: true });
  try {
    await symlink(target, path);
  } catch (error) {
    // Windows without the right to make links: the content itself, as Python's library does it.
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    await rename(blob, path);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? -1;
}

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { writeFileAtomically } from "../support/files";

/** A model or a data set on the hub. */
export interface Repository {
  type: "model" | "dataset";
  /** Like "EleutherAI/pythia-160m". */
  name: string;
}

/** Hugging Face's own folder: HF_HOME, else huggingface/ of the user's cache. */
export function huggingFaceHome(): string {
  const { HF_HOME, XDG_CACHE_HOME } = process.env;
  return withHome(HF_HOME || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "huggingface"));
}

/** The cache that is shared with Python's huggingface_hub: HF_HUB_CACHE, else hub/ of HF_HOME. */
export function hubCache(): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE } = process.env;
  return withHome(HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE || join(huggingFaceHome(), "hub"));
}

/** Where a repository is kept: blobs/ (the contents), snapshots/<commit>/ (links to them by name), refs/ (commits by name). */
export function repositoryFolder({ type, name }: Repository): string {
  return join(hubCache(), [`${type}s`, ...name.split("/")].join("--"));
}

export function snapshotFolder(repository: Repository, commit: string): string {
  return join(repositoryFolder(repository), "snapshots", commit);
}

/**
 * What a model in the cache is called: "pythia-160m", with the start of the commit behind it if that is not the one of main.
 * Undefined for any other folder.
 */
export function cachedModelName(folder: string): string | undefined {
  const address = cachedAddress(folder);
  return address?.inside.length === 0 ? address.repository.at(-1) : undefined;
}

/**
 * Where something in the cache comes from: owner and name of the repository (with the start of the commit behind it if that is
 * not the one of main), and the folders and the file inside of it. Undefined for anything else.
 */
export function cachedAddress(path: string): { repository: string[]; inside: string[] } | undefined {
  const [, snapshot, name, commit, inside = ""] = SNAPSHOT.exec(path) ?? [];
  if (!name) return undefined;
  const main = join(snapshot, "../../refs/main");
  const isMain = existsSync(main) && readFileSync(main, "utf8").trim() === commit;
  const repository = `${name}${isMain ? "" : `@${commit.slice(0, 8)}`}`.split("--");
  return { repository, inside: inside.split(/[\\/]/).filter((part) => part !== "") };
}

/** A snapshot's folder: its repository and commit; and what is named inside of it. */
const SNAPSHOT = /^(.*[\\/]models--([^\\/]+)[\\/]snapshots[\\/]([0-9a-f]{40}))(?:[\\/](.*))?$/;

export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** The commit that a branch or tag stood at when it was last looked up; undefined if it never was. */
export function cachedCommit(repository: Repository, revision: string): string | undefined {
  if (isCommit(revision)) return revision;
  const path = join(repositoryFolder(repository), "refs", revision);
  if (!existsSync(path)) return undefined;
  const commit = readFileSync(path, "utf8").trim();
  return isCommit(commit) ? commit : undefined;
}

/** Notes the commit that a branch or tag stands at. */
export function rememberCommit(repository: Repository, revision: string, commit: string): void {
  if (isCommit(revision) || cachedCommit(repository, revision) === commit) return;
  writeFileAtomically(join(repositoryFolder(repository), "refs", revision), commit);
}

/** A revision of a model that is in the cache, whole or in part. */
export interface CachedModel {
  /** Like "EleutherAI/pythia-160m". */
  name: string;
  commit: string;
  folder: string;
  /** Of all files of this revision. */
  bytes: number;
}

/** The models in the cache, whoever put them there. Other things in it are passed over. */
export function cachedModels(): CachedModel[] {
  const cache = hubCache();
  if (!existsSync(cache)) return [];
  return names(cache)
    .filter((entry) => entry.startsWith("models--"))
    .flatMap((entry) => {
      const name = entry.split("--").slice(1).join("/");
      const snapshots = join(cache, entry, "snapshots");
      return names(snapshots)
        .filter(isCommit)
        .map((commit) => ({ name, commit, folder: join(snapshots, commit) }));
    })
    .map((model) => ({ ...model, bytes: folderSize(model.folder) }));
}

/** Size of the files in a folder, links followed, in bytes. */
export function folderSize(folder: string): number {
  return names(folder)
    .map((name) => statSync(join(folder, name), { throwIfNoEntry: false }))
    .reduce((sum, file) => sum + (file?.isFile() ? file.size : 0), 0);
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // Not a folder, or gone meanwhile.
  }
}

/** A path from the environment as Python's libraries read it: with `~` and `$NAME` filled in. */
export function withHome(path: string): string {
  const whole = path.replaceAll(/\$(?:(\w+)|\{(\w+)\})/g, (text, name, braced) => process.env[name ?? braced] ?? text);
  return whole === "~" || whole.startsWith("~/") ? join(homedir(), whole.slice(1)) : whole;
}

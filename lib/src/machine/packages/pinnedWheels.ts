import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { messageOf, UserError } from "../support/errors";
import { sha256Of } from "../support/hash";
import { Stopped } from "../support/progress";
import { DownloadError, download } from "./download";
import { indexBases, listIndexFiles } from "./packageIndex";
import { findPip } from "./pip";
import { fetchWithPip } from "./pipFetch";

/** A wheel that is wanted as it is: of this name, with this content, whatever machine it is for. */
export interface PinnedWheel {
  project: string;
  version: string;
  /** The wheel's file name. */
  file: string;
  bytes: number;
  /** 64 hexadecimal digits. */
  sha256: string;
}

/** Who wants to know how a fetch goes on. */
export interface FetchListener {
  /** Is told, in a few words, where the next bytes come from: "by pip". */
  source(where: string): void;
  /**
   * Is told how many bytes of the wheels are there, in all.
   *
   * @throws Stopped if the work is to end here
   */
  bytes(done: number): void;
}

/**
 * Brings pinned wheels into a folder: by pip if there is one (it knows the person's indexes, proxies and credentials), else
 * from the indexes that the environment names. Those that are there already are left alone; a download from an index goes
 * on where an earlier one broke off.
 *
 * @returns their paths, in the order of the wheels
 * @throws UserError if one cannot be had, with what was tried; or at once, if the disk is full, or a download that was under
 *   way broke off
 */
export async function fetchPinnedWheels(
  wheels: readonly PinnedWheel[],
  folder: string,
  listener: FetchListener,
): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const paths = wheels.map(({ file }) => join(folder, file));
  let missing = await missingWheels(wheels, folder);
  const present = () => wheels.filter((wheel) => !missing.includes(wheel)).reduce((sum, { bytes }) => sum + bytes, 0);
  const tried: string[] = [];
  if (missing.length > 0) {
    const problem = await tryPip(missing, folder, listener, present());
    if (problem) tried.push(problem);
    missing = await missingWheels(wheels, folder);
  }
  for (const wheel of [...missing]) {
    const problems = await tryIndexes(wheel, folder, listener, present());
    if (problems) throw new UserError([...tried, ...problems].join("; "));
    missing = missing.filter((other) => other !== wheel);
  }
  return paths;
}

/** Those that are not in the folder. Files of their names with other contents are removed. */
async function missingWheels(wheels: readonly PinnedWheel[], folder: string): Promise<PinnedWheel[]> {
  const missing: PinnedWheel[] = [];
  for (const wheel of wheels) {
    if (await wheelProblem(wheel, folder)) missing.push(wheel);
  }
  return missing;
}

/** Why the file of a wheel's name is not that wheel; undefined if it is. A wrong one is removed. */
async function wheelProblem({ file, bytes, sha256 }: PinnedWheel, folder: string): Promise<string | undefined> {
  const path = join(folder, file);
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return `${file} is missing`;
  const sum = size === bytes ? await sha256Of(path) : undefined;
  if (sum === sha256) return undefined;
  rmSync(path, { force: true });
  return sum
    ? `${file} came with SHA-256 ${sum} instead of ${sha256}`
    : `${file} came with ${size} bytes instead of ${bytes}`;
}

/** Lets pip bring all of them. @returns why it did not, undefined if it did */
async function tryPip(
  wheels: readonly PinnedWheel[],
  folder: string,
  listener: FetchListener,
  present: number,
): Promise<string | undefined> {
  const pip = findPip();
  if (!pip) return "pip: there is none";
  listener.source("by pip");
  const requirements = wheels.map(({ project, version }) => `${project}==${version}`);
  const problem = await fetchWithPip(pip, requirements, folder, (bytes) => listener.bytes(present + bytes));
  if (problem) return `pip: ${problem}`;
  for (const wheel of wheels) {
    const wrong = await wheelProblem(wheel, folder);
    if (wrong) return `pip: ${wrong}`;
  }
  return undefined;
}

/** Takes one from the first index that has it. @returns why none did, undefined if one did */
async function tryIndexes(
  wheel: PinnedWheel,
  folder: string,
  listener: FetchListener,
  present: number,
): Promise<string[] | undefined> {
  const problems: string[] = [];
  for (const base of indexBases()) {
    try {
      const files = await listIndexFiles(base, wheel.project);
      const found = files.find(({ fileName }) => fileName === wheel.file);
      if (!found) throw new UserError(`package index: ${wheel.file} is not among the files of ${wheel.project}`);
      listener.source("from the package index");
      let done = present;
      const count = (_label: string, _total: number, already: number) => {
        done = present + already;
        return {
          add(bytes: number): void {
            done += bytes;
            listener.bytes(done);
          },
          end(): void {},
        };
      };
      // What is pinned counts, whatever the index says of its file.
      const { bytes: size, sha256 } = wheel;
      await download({ ...found, size, sha256 }, join(folder, wheel.file), { count });
      return undefined;
    } catch (error) {
      if (error instanceof DownloadError || error instanceof Stopped) throw error;
      problems.push(messageOf(error));
    }
  }
  return problems.length > 0 ? problems : ["package index: PIP_INDEX_URL names none"];
}

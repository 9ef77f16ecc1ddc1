import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Platform } from "./wheelName";

/** How pip is called on this machine, or undefined if there is none. */
export function findPip(environment: NodeJS.ProcessEnv = process.env): string[] | undefined {
  const ways = [["pip3"], ["pip"], ["python3", "-m", "pip"], ["python", "-m", "pip"]];
  return ways.find(
    ([program, ...first]) => spawnSync(program, [...first, "--version"], { env: environment }).status === 0,
  );
}

/** The Python versions for which wheels are asked for, where those of pip's own Python are not offered. */
const PYTHONS: readonly string[] = ["3.12", "3.11", "3.13", "3.10"];

/** Milliseconds after which a refusal means an index out of reach, which will be no better for another Python. */
const SLOW = 30_000;

/**
 * Lets pip download one wheel (without what it requires) into a folder. pip knows the person's indexes, proxies and
 * credentials, and checks the hash that the index names; its progress is shown.
 *
 * @param requirement "tensorflow-cpu==2.21.0"
 * @returns the wheel's path, or in one line why pip did not get it
 */
export function downloadWithPip(
  pip: string[],
  requirement: string,
  folder: string,
  platform: Platform,
): { path: string } | { why: string } {
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(folder, "pip-"));
  let why = "";
  try {
    // First the wheel for pip's own Python, then, since only the libraries in it matter, that for any other.
    for (const python of [undefined, ...PYTHONS]) {
      const start = Date.now();
      const [program, ...first] = pip;
      const run = spawnSync(
        program,
        [
          ...first,
          ...["download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"],
          // Short, so that an index that is out of reach does not hold up the others.
          ...["--retries", "1", "--timeout", "20", "--dest", scratch],
          ...(python ? foreignTags(python, platform) : []),
          requirement,
        ],
        { stdio: ["ignore", 2, "pipe"], encoding: "utf8" },
      );
      const wheel = readdirSync(scratch).find((name) => name.endsWith(".whl"));
      if (run.status === 0 && wheel) {
        const target = join(folder, wheel);
        renameSync(join(scratch, wheel), target);
        return { path: target };
      }
      why = complaintOf(run.stderr ?? "") ?? run.error?.message ?? "pip failed";
      if (!/No matching distribution/.test(why) || Date.now() - start > SLOW) break;
    }
    return { why };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The line of pip's output that says what went wrong: its last "ERROR:", or the end of a Python traceback. */
export function complaintOf(output: string): string | undefined {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  if (lines.some((line) => line.startsWith("ERROR: Exception"))) return lines.at(-1);
  return lines
    .filter((line) => line.startsWith("ERROR:"))
    .at(-1)
    ?.replace(/^ERROR:\s*/, "");
}

/** pip's options for a wheel of another Python; every glibc version is its own tag to pip. */
function foreignTags(python: string, platform: Platform): string[] {
  const tags: string[] = [];
  if (platform.glibc) {
    for (let minor = platform.glibc[1]; minor >= 17; minor--) tags.push(`manylinux_2_${minor}_${platform.machine}`);
    tags.push(`manylinux2014_${platform.machine}`);
  } else {
    for (const major of [15, 14, 13, 12, 11]) tags.push(`macosx_${major}_0_${platform.machine}`);
  }
  return ["--python-version", python, "--implementation", "cp", ...tags.flatMap((tag) => ["--platform", tag])];
}

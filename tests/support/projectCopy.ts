import { spawn } from "node:child_process";
import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "./cli";
import { temporaryFolder } from "./notebooks";

/** Copies what the tests read into a folder of its own. */
export function copyOfProject(): string {
  const folder = temporaryFolder();
  for (const name of ["lib/src", "lib/package.json", "tests", "vitest.config.mts", "tsconfig.json", "package.json"]) {
    const isLarge = (path: string) => path === join(PROJECT, "tests/fixtures");
    cpSync(join(PROJECT, name), join(folder, name), { recursive: true, filter: (path) => !isLarge(path) });
  }
  // Data may be linked: only code is found by its real path.
  for (const name of ["tests/fixtures", "data", "node_modules"])
    symlinkSync(join(PROJECT, name), join(folder, name), "junction");
  return folder;
}

/** Runs tests of a copy: a file, and which of its tests. */
export function runTests(
  folder: string,
  [file, names]: [string, string],
): Promise<{ status: number | null; output: string }> {
  const vitest = join(PROJECT, "node_modules/vitest/vitest.mjs");
  const args = [vitest, "run", file, "--testNamePattern", names, "--reporter", "dot", "--no-color"];
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, VITEST: undefined, NODE_ENV: "test" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, output })));
}

/** How many tests failed and passed, by the last lines of the report. */
export function countsOf(output: string): { failed: number; passed: number } {
  const line = /^\s*Tests\s.*$/m.exec(output)?.[0] ?? "";
  const count = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0);
  return { failed: count("failed"), passed: count("passed") };
}

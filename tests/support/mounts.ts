import { execFileSync } from "node:child_process";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "./notebooks";

/** A small file system of its own, if this machine lets us have one (Linux, as root); removed when the test ends. */
export function mountedFolder(...options: string[]): string | undefined {
  const folder = temporaryFolder();
  try {
    execFileSync("mount", ["-t", "tmpfs", ...options, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync("umount", [folder], { stdio: "ignore" }));
  return folder;
}

/** Makes a file system of {@link mountedFolder} one for reading alone, with all that is in it. */
export function makeReadOnly(folder: string): void {
  execFileSync("mount", ["-o", "remount,ro", folder], { stdio: "ignore" });
}

/** Skips a test, and says so where it is seen. */
export function skipLoudly(skip: () => void, why: string): void {
  console.warn(`NOT TESTED: ${why}`);
  skip();
}

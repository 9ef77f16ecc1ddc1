import { spawnSync } from "node:child_process";

/** A Python that may have the packages of those who read our files; TOKEN_GEOMETRY_READERS says which, and that it has to. */
const named = process.env.TOKEN_GEOMETRY_READERS;

/** Runs Python. */
export function runPython(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(named ?? "python3", args, { encoding: "utf8" });
}

/** Whether it is to be tried with these packages; where it is not, that is said. */
export function hasReaders(...packages: string[]): boolean {
  const isThere = runPython("-c", `import ${packages.join()}`).status === 0;
  if (!isThere) console.warn(`NOT EXECUTED: no Python with ${packages.join(", ")} (TOKEN_GEOMETRY_READERS)`);
  return isThere || named !== undefined;
}

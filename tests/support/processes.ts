import { readFileSync } from "node:fs";

/**
 * Processes that a process has started; none where that cannot be told.
 *
 * @param program only those whose command line has this text
 */
export function childrenOf(pid: number, program = ""): number[] {
  const children = readProcess(pid, `task/${pid}/children`).trim().split(" ").filter(Boolean).map(Number);
  return program ? children.filter((child) => readProcess(child, "cmdline").includes(program)) : children;
}

/** A file on a process; empty if it has ended, or if the system is not Linux. */
function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

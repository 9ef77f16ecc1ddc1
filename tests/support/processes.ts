import { readFileSync } from "node:fs";

/** Processes that a process has started; none where that cannot be told. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  } catch {
    return []; // Not Linux, or ended.
  }
}

import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

let name: string | undefined;

/**
 * Names that within which a process id means one process: this machine since it was last started, and inside of it this
 * container. Two machines may have one host name, as containers do that share their host's network.
 *
 * @returns the host's name and eight hexadecimal digits
 */
export function machineName(): string {
  name ??= `${hostname()}-${createHash("sha256").update(scope().join()).digest("hex").slice(0, 8)}`;
  return name;
}

/** What changes with each start, and with each container; only Linux says. */
function scope(): string[] {
  const ask = (read: () => string): string => {
    try {
      return read().trim();
    } catch {
      return "";
    }
  };
  return [
    hostname(),
    ask(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
    ask(() => readlinkSync("/proc/self/ns/pid")),
  ];
}

/** Whether a process of this machine runs. Its number may have gone to another one by now, which counts as well. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0); // Signal 0 only asks.
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

import { spawn } from "node:child_process";
import type { GpuAdapter } from "./webgpuAdapter";

/** A search that takes longer is taken for dead. */
const LIMIT_SECONDS = 30;

/** Prints what the best adapter says of itself. Its argument is the main file of the package `webgpu`. */
const SEARCH = `
  const gpu = require(process.argv[1]).create([]);
  gpu.requestAdapter({ powerPreference: "high-performance" }).then((adapter) => {
    if (!adapter) return;
    const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
    console.log("ADAPTER " + JSON.stringify({ vendor, architecture, device, description, isFallbackAdapter }));
  });
`;

/** What came out of the last search, and which drivers the environment named then. */
let known: { drivers: string; info: Promise<GpuAdapter["info"]> } | undefined;

/**
 * Looks for a graphics adapter in a process of its own: a driver that brings its process down does no harm there, and what
 * it prints is not seen.
 *
 * @throws Error with the reason if there is none
 */
export async function findAdapter(): Promise<GpuAdapter["info"]> {
  const drivers = [process.env.VK_ICD_FILENAMES, process.env.VK_DRIVER_FILES].join();
  if (known?.drivers !== drivers) known = { drivers, info: askProgram(SEARCH, packageFile()) };
  return known.info;
}

function packageFile(): string {
  try {
    return require.resolve("webgpu");
  } catch {
    throw new Error("the package webgpu is not installed");
  }
}

/** The adapter that a program prints as `ADAPTER {...}`. @throws Error with the reason if it does not, however it ended */
export function askProgram(program: string, ...args: string[]): Promise<GpuAdapter["info"]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["-e", program, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: LIMIT_SECONDS * 1000,
      killSignal: "SIGKILL",
      env: { ...process.env, NODE_OPTIONS: "" },
    });
    let [output, errors] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      errors += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const answer = /^ADAPTER (.*)$/m.exec(output)?.[1];
      if (answer) resolve(JSON.parse(answer) as GpuAdapter["info"]);
      else reject(new Error(explain(errors, signal ?? code)));
    });
  });
}

/** Why a search found nothing, from what it left on stderr. */
function explain(errors: string, end: string | number | null): string {
  const detail = /^(?:Warning|\w*Error): (.*)$/m.exec(errors)?.[1] ?? errors.trim().split("\n")[0];
  const text = end === 0 ? "no graphics adapter" : `the search for a graphics adapter ended with ${end}`;
  return detail ? `${text} (${detail})` : text;
}

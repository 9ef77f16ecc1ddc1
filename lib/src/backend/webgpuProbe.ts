import { spawn } from "node:child_process";
import { join } from "node:path";
import { messageOf } from "../support/errors";
import { type AdapterDescription, describeAdapter, requestAdapter, type WebGpuPackage } from "./webgpuAdapter";

/** A search that takes longer is taken for dead. */
const LIMIT_SECONDS = 30;

/** What came out of the last search, and which drivers the environment named then. */
let known: { drivers: string; adapter: Promise<AdapterDescription> } | undefined;

/**
 * Looks for a graphics adapter in a process of its own: a driver that brings its process down does no harm there, and what
 * it prints is not seen.
 *
 * @throws Error with the reason if there is none
 */
export function findAdapter(): Promise<AdapterDescription> {
  const drivers = [process.env.VK_ICD_FILENAMES, process.env.VK_DRIVER_FILES].join();
  if (known?.drivers !== drivers) {
    // As JavaScript also where this file is run as TypeScript.
    known = { drivers, adapter: askProgram(join(__dirname, "..", "..", "dist", "backend", "webgpuProbe.js")) };
  }
  return known.adapter;
}

/** The adapter that a program prints as `ADAPTER {...}`. @throws Error with the reason if it does not, however it ended */
export function askProgram(program: string): Promise<AdapterDescription> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program], {
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
      if (answer) resolve(JSON.parse(answer) as AdapterDescription);
      else reject(new Error(explain(errors, signal ?? code)));
    });
  });
}

/** Why a search found nothing, from what it left on stderr. */
function explain(errors: string, end: string | number | null): string {
  const said = errors.split("\n").map((line) => line.trim());
  const after = (start: string) => said.find((line) => line.startsWith(start))?.slice(start.length);
  const own = after("PROBLEM ");
  if (own) return own;
  const text = end === 0 ? "no graphics adapter" : `the search for a graphics adapter ended with ${end}`;
  const detail = end === 0 ? after("Warning: ") : said[0];
  return detail ? `${text} (${detail})` : text;
}

async function search(): Promise<void> {
  const { create } = require("webgpu") as WebGpuPackage;
  const gpu = create([]);
  const adapter = await requestAdapter(gpu);
  if (adapter) process.stdout.write(`ADAPTER ${JSON.stringify(describeAdapter(adapter))}\n`);
}

// Run as a program of its own by findAdapter.
if (require.main === module) {
  search().catch((error) => {
    const [message] = messageOf(error).split("\n");
    const missing = /^Cannot find (module|package)/.test(message);
    process.stderr.write(`PROBLEM ${missing ? "the package webgpu is not installed" : message}\n`);
    process.exitCode = 1;
  });
}

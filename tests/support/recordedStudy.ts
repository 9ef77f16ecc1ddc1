import { spawn } from "node:child_process";
import { join } from "node:path";
import { type RecordOptions, recordModel } from "../../lib/src/programs/record/recordModel";
import { type CommandResult, PROJECT } from "./cli";

/** An embedded model, which is recorded for tests: three prompts of 64 tokens. */
export const RECORDED_MODEL: string = join(PROJECT, "data/models/llama-mini");
export const RECORDED = { count: 3, tokens: 64, shuffles: [0, 2] };

/** Records it into a folder, which is to be named by TOKEN_GEOMETRY_RECORDED. */
export function recordForTest(folder: string, changes: Partial<RecordOptions> = {}): Promise<string> {
  const options = { store: join(folder, "..", "recording"), backend: "wasm", workers: 1, command: "npm run record" };
  return recordModel(RECORDED_MODEL, { ...options, ...RECORDED, ...changes, out: folder });
}

/** The same by the program. */
export const RECORD_ARGUMENTS: string[] = ["--model", "data/models/llama-mini", "--count", "3", "--tokens", "64"];

/** Runs `npm run record` as it is built, to its end or until it is killed. */
export function startRecord(args: readonly string[]): { pid: number; kill: () => void; ended: Promise<CommandResult> } {
  const own = Object.entries(process.env).filter(([name]) => name !== "DEBUG" && !name.startsWith("TOKEN_GEOMETRY_"));
  const env = { ...Object.fromEntries(own), TOKEN_GEOMETRY_BACKEND: "wasm", TOKEN_GEOMETRY_WORKERS: "1" };
  const child = spawn(process.execPath, [join(PROJECT, "lib/bin/record.js"), ...args], { cwd: PROJECT, env });
  const result: CommandResult = { status: null, stdout: "", stderr: "" };
  child.stdout.on("data", (text) => {
    result.stdout += text;
  });
  child.stderr.on("data", (text) => {
    result.stderr += text;
  });
  const ended = new Promise<CommandResult>((resolve) => {
    child.once("close", (status) => resolve({ ...result, status }));
  });
  return { pid: child.pid!, kill: () => void child.kill("SIGKILL"), ended };
}

import { type ChildProcess, fork, spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";

export const PROJECT: string = join(__dirname, "../..");

/** The program as a user starts it. It runs what `npm run build` made. */
export const PROGRAM: string = join(PROJECT, "lib/bin/token-geometry.js");

/** What a process left. */
export interface CommandResult {
  /** Exit code; null if a signal ended it. */
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Settings of this machine's user must not change what is tested. The wasm backend is there on every machine. */
function cleanEnvironment(extra: Record<string, string | undefined>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => name !== "DEBUG" && !name.startsWith("TOKEN_GEOMETRY_"));
  return { ...Object.fromEntries(own), TOKEN_GEOMETRY_BACKEND: "wasm", ...extra };
}

/** Starts `token-geometry` in a process of its own. */
export function startProgram(args: readonly string[], extra: Record<string, string | undefined> = {}): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...args], { cwd: PROJECT, env: cleanEnvironment(extra) });
}

/** Runs `token-geometry` to its end. */
export function runProgram(
  args: readonly string[],
  extra: Record<string, string | undefined> = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = startProgram(args, extra);
    const result: CommandResult = { status: null, stdout: "", stderr: "" };
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      result.stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      result.stderr += text;
    });
    child.on("error", reject);
    child.on("close", (status) => resolve({ ...result, status }));
  });
}

/** The program in a process that goes on; ends with the tests. */
let standing: ChildProcess | undefined;
let asked = 0;

/**
 * Runs `token-geometry` as {@link runProgram} does, in a process that goes on from one command to the next: for the many that are refused, half
 * a second each of starting is most of their time. One at a time.
 */
export function askProgram(args: readonly string[]): Promise<CommandResult> {
  standing ??= fork(join(__dirname, "standingProgram.js"), { cwd: PROJECT, env: cleanEnvironment({}), execArgv: [] });
  const child = standing;
  const id = asked++;
  return new Promise((resolve, reject) => {
    const ended = (status: number | null) => {
      standing = undefined;
      reject(new Error(`token-geometry ${args.join(" ")} ended the process, exit code ${status}`));
    };
    child.once("exit", ended);
    const take = (message: { id: number; result: CommandResult }) => {
      if (message.id !== id) return;
      child.off("exit", ended).off("message", take);
      resolve(message.result);
    };
    child.on("message", take);
    child.send({ id, args });
  });
}

/** What a refusal is: one line on stderr that begins with "error:" and says these things, exit code 1, nothing else. */
export function expectRefusal({ status, stdout, stderr }: CommandResult, ...words: (string | RegExp)[]): void {
  expect(stderr).toMatch(/^error: [^\n]+\n$/);
  for (const word of words) expect(stderr).toMatch(word);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
}

/** All files below a folder, by their path from there. */
export function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

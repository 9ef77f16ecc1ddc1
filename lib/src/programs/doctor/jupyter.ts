import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { UserError } from "../../machine/support/errors";

/** The environment variable that says where the command `jupyter` is. */
export const JUPYTER_VARIABLE: string = "JUPYTER";

/** How to get Jupyter, for people. */
export const GET_JUPYTER: string =
  "install JupyterLab (with Python: python3 -m venv ~/jupyter && ~/jupyter/bin/pip install jupyterlab), then put ~/jupyter/bin on the PATH or set JUPYTER=~/jupyter/bin/jupyter";

/** What front ends of Jupyter are called as commands, best first. */
const FRONT_ENDS = ["lab", "notebook"] as const;

/** "lab": JupyterLab; "notebook": Notebook 7 or the classic one. */
export type FrontEnd = (typeof FRONT_ENDS)[number];

/** An installed Jupyter. */
export interface Jupyter {
  /** Its front ends, best first, as commands with the arguments that come first. */
  frontEnds: { name: FrontEnd; command: string[] }[];
  /** The command `jupyter` itself, if it is there. */
  jupyter?: string;
}

/**
 * Looks for Jupyter: at JUPYTER (the command `jupyter`, or the folder that holds it), else on the PATH. Starts nothing.
 *
 * @returns undefined if there is none
 * @throws UserError if JUPYTER names something that is not there
 */
export function findJupyter(environment: NodeJS.ProcessEnv = process.env): Jupyter | undefined {
  const wish = environment[JUPYTER_VARIABLE];
  const folders = wish ? [folderOf(wish)] : (environment.PATH ?? "").split(delimiter).filter((path) => path !== "");
  const jupyter = findProgram("jupyter", folders);
  const frontEnds = FRONT_ENDS.flatMap((name) => {
    const program = findProgram(`jupyter-${name}`, folders);
    return program ? [{ name, command: [program] }] : [];
  });
  return frontEnds.length > 0 ? { frontEnds, jupyter } : undefined;
}

function folderOf(wish: string): string {
  const found = statSync(wish, { throwIfNoEntry: false });
  if (!found) throw new UserError(`${JUPYTER_VARIABLE}: there is no ${wish}; set it to the command jupyter`);
  return found.isDirectory() ? wish : dirname(wish);
}

/** A program in one of these folders, as the shell would find it. */
export function findProgram(name: string, folders: readonly string[]): string | undefined {
  const endings = process.platform === "win32" ? [".exe", ".cmd", ".bat"] : [""];
  return folders.flatMap((folder) => endings.map((ending) => join(folder, name + ending))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** What a front end answers to --version; undefined if it does not start. Takes a second or two. */
export function frontEndVersion(command: readonly string[]): string | undefined {
  const [program, ...args] = command;
  const result = spawnSync(program, [...args, "--version"], { encoding: "utf8", timeout: 60_000 });
  const version = result.status === 0 ? result.stdout.trim().split("\n").at(-1) : undefined;
  return version || undefined;
}

/** Where VS Code's command is, if it is installed. */
export function findCode(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  return findProgram("code", (environment.PATH ?? "").split(delimiter).filter(existsSync));
}

import { existsSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { delimiter, join, sep } from "node:path";
import { UserError } from "../../machine/support/errors";
import { writeFileAtomically } from "../../machine/support/files";
import { readJsonObject } from "../../machine/support/json";
import { PROJECT_ROOT } from "../../machine/support/project";

/** The name of the kernel in the notebooks' metadata. */
export const KERNEL_NAME: string = "tslab";

/** The name under which this clone's kernel can be registered for the user. */
export const USER_KERNEL_NAME: string = "token-geometry";

/** What Jupyter reads from kernel.json: how a kernel is started. */
export interface KernelSpec {
  argv: string[];
  display_name: string;
  language: string;
  interrupt_mode: "signal";
  metadata: Record<string, unknown>;
}

/** A kernel spec that Jupyter would find. */
export interface FoundSpec {
  /** The folder that holds kernel.json. */
  folder: string;
  /** Whether it starts this clone's tslab. */
  ours: boolean;
  /** The file of its command that is not there (any more); undefined if all is well. */
  missing?: string;
}

/** The folder to put into JUPYTER_PATH for the kernel of this clone alone. */
export function localJupyterPath(root: string = PROJECT_ROOT): string {
  return join(root, ".jupyter");
}

/**
 * How Jupyter is to start this clone's tslab: with this Node, whatever is on the PATH then; with stack traces that name the
 * library's sources, and with what the notebook runner loads (no output lost, no kernel left when its server is gone).
 *
 * @throws UserError if tslab is not installed
 */
export function kernelSpec(displayName: string, root: string = PROJECT_ROOT): KernelSpec {
  let tslab: string;
  try {
    tslab = createRequire(join(root, "package.json")).resolve("tslab/bin/tslab");
  } catch (error) {
    throw new UserError("tslab is not installed; run `npm ci` in the project's folder", { cause: error });
  }
  const preload = join(root, "lib", "bin", "kernel-preload.js");
  const node = [process.execPath, "--enable-source-maps", "--require", preload];
  return {
    argv: [...node, tslab, "kernel", "--config-path", "{connection_file}"],
    display_name: displayName,
    language: "typescript",
    interrupt_mode: "signal",
    metadata: { debugger: false },
  };
}

/**
 * Writes the kernel `tslab` of this clone into the clone's own folder .jupyter: only a Jupyter that is started with this
 * folder in JUPYTER_PATH sees it, in front of any other tslab of the user, which stays as it is.
 *
 * @returns the folder for JUPYTER_PATH
 * @throws UserError if tslab is not installed or the folder cannot be written
 */
export function registerLocalKernel(root: string = PROJECT_ROOT): string {
  const folder = localJupyterPath(root);
  // The folder keeps itself out of git, as Python's virtual environments do.
  writeFileAtomically(join(folder, ".gitignore"), "*\n");
  writeSpec(join(folder, "kernels", KERNEL_NAME), kernelSpec("TypeScript", root));
  return folder;
}

/**
 * Writes the kernel `token-geometry` of this clone into the user's Jupyter folder, for programs that are not started by
 * `npm run lab`; also under the name that the notebooks ask for, `tslab`, if the user has no kernel of that name, so that
 * programs run them as they are. A tslab of the user's own stays as it is.
 *
 * @returns the folders of the specs
 * @throws UserError as {@link registerLocalKernel}
 */
export function registerUserKernel(root: string = PROJECT_ROOT): string[] {
  const [named, asked] = userSpecs();
  writeSpec(named, kernelSpec("TypeScript (token-geometry)", root));
  if (existsSync(asked) && !inspectSpec(asked, root)?.ours) return [named];
  writeSpec(asked, kernelSpec("TypeScript", root));
  return [named, asked];
}

/** Where the user's kernels of both names are. */
function userSpecs(): [named: string, asked: string] {
  return [join(userDataFolder(), "kernels", USER_KERNEL_NAME), join(userDataFolder(), "kernels", KERNEL_NAME)];
}

/** Takes away what the two functions above have written. Returns the folders that were removed. */
export function unregisterKernels(root: string = PROJECT_ROOT): string[] {
  const ours = [localJupyterPath(root), ...userSpecs().filter((folder) => inspectSpec(folder, root)?.ours)];
  const present = ours.filter((folder) => existsSync(folder));
  for (const folder of present) rmSync(folder, { recursive: true, force: true });
  return present;
}

/** The environment in which Jupyter sees this clone's kernel before all others. */
export function jupyterEnvironment(root: string = PROJECT_ROOT): NodeJS.ProcessEnv {
  const before = process.env.JUPYTER_PATH;
  const path = localJupyterPath(root);
  return { ...process.env, JUPYTER_PATH: before ? `${path}${delimiter}${before}` : path };
}

/**
 * The user's Jupyter folder: JUPYTER_DATA_DIR, else the one of the system.
 * Source: jupyter_core.paths.jupyter_data_dir.
 */
export function userDataFolder(environment: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  if (environment.JUPYTER_DATA_DIR) return environment.JUPYTER_DATA_DIR;
  if (platform === "darwin") return join(homedir(), "Library", "Jupyter");
  if (platform === "win32") return join(environment.APPDATA || join(homedir(), "AppData", "Roaming"), "jupyter");
  return join(environment.XDG_DATA_HOME || join(homedir(), ".local", "share"), "jupyter");
}

/** What a spec's folder holds; undefined if there is no readable kernel.json. */
export function inspectSpec(folder: string, root: string = PROJECT_ROOT): FoundSpec | undefined {
  let argv: unknown;
  try {
    argv = readJsonObject(join(folder, "kernel.json")).argv;
  } catch {
    return undefined;
  }
  const words = (Array.isArray(argv) ? argv : []).filter((word): word is string => typeof word === "string");
  const inside = join(root, "node_modules", sep);
  return {
    folder,
    ours: words.some((word) => word.startsWith(inside)),
    missing: words.find((word) => /^([/\\]|[A-Za-z]:)/.test(word) && !existsSync(word)),
  };
}

/** The specs `tslab` and `token-geometry` where this user's Jupyter looks without asking Python: the user's and the system's folders. */
export function findSpecs(root: string = PROJECT_ROOT): FoundSpec[] {
  const shared = process.platform === "win32" ? [] : ["/usr/local/share/jupyter", "/usr/share/jupyter"];
  const paths = (process.env.JUPYTER_PATH ?? "").split(delimiter).filter((path) => path !== "");
  return [...paths, userDataFolder(), ...shared]
    .flatMap((folder) => names(join(folder, "kernels")).map((name) => join(folder, "kernels", name)))
    .map((folder) => inspectSpec(folder, root))
    .filter((spec): spec is FoundSpec => spec !== undefined);
}

function names(folder: string): string[] {
  const wanted = [KERNEL_NAME, USER_KERNEL_NAME];
  return existsSync(folder) ? readdirSync(folder).filter((name) => wanted.includes(name)) : [];
}

function writeSpec(folder: string, spec: KernelSpec): void {
  writeFileAtomically(join(folder, "kernel.json"), `${JSON.stringify(spec, undefined, 2)}\n`);
}

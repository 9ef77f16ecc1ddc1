import { existsSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";

/** The folder of the project: the one above lib/. Notebooks and commands find data/ there whatever folder they start in. */
export const PROJECT_ROOT: string = resolve(__dirname, "../../../..");

/**
 * Finds a file or folder that a user named: as it stands if it is absolute or exists from the current folder, else from
 * the project's folder.
 */
export function resolveFromProject(path: string): string {
  if (isAbsolute(path) || existsSync(path)) return path;
  return join(PROJECT_ROOT, path);
}

/** Where results of experiments are kept: TOKEN_GEOMETRY_STORE, else store/ of the project. */
export function defaultStore(): string {
  return process.env.TOKEN_GEOMETRY_STORE || join(PROJECT_ROOT, "store");
}

/** Version of the library, written into manifests. */
export function libraryVersion(): string {
  return (require(join(__dirname, "../../../package.json")) as { version: string }).version;
}

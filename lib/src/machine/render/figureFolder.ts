import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../support/errors";

/**
 * The path of a file of a figure. Of notebooks that are run together, the first one that asks for a path has it: two that
 * export figures of one name would replace each other's.
 *
 * @param name of the file, to which its ending is added
 * @param folder by default `figures` in the folder that the environment variable TOKEN_GEOMETRY_OUT names (the notebook
 *   runner sets it), or in `out` of the project
 * @throws UserError if no file can have the name, or another notebook of the run has it
 */
export function figurePath(name: string, ending: string, folder = figureFolder()): string {
  checkFileName(name);
  const path = join(resolve(folder), `${name}.${ending}`);
  claimPath(path);
  return path;
}

/** What the notebook runner sets, besides TOKEN_GEOMETRY_OUT, for each notebook. */
export interface RunEnvironment {
  /** Its name. */
  TOKEN_GEOMETRY_NOTEBOOK: string;
  /** A folder of the run, in which a notebook notes what it exports. */
  TOKEN_GEOMETRY_EXPORTS: string;
}

/** Notes that this notebook exports a file. @throws UserError if another one of the same run has done so */
function claimPath(path: string): void {
  const { TOKEN_GEOMETRY_NOTEBOOK: notebook, TOKEN_GEOMETRY_EXPORTS: folder } = process.env as Partial<RunEnvironment>;
  if (!notebook || !folder || !existsSync(folder)) return;
  const note = join(folder, createHash("sha256").update(path).digest("hex"));
  try {
    writeFileSync(note, notebook, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const owner = readFileSync(note, "utf8");
    if (owner === notebook) return;
    const file = basename(path);
    throw new UserError(
      `${file}: the notebook ${owner} exports a file of this name in the same run; choose another name`,
    );
  }
}

function figureFolder(): string {
  return join(process.env.TOKEN_GEOMETRY_OUT || join(projectRoot(), "out"), "figures");
}

/**
 * The folder of the project that the current working folder lies in: the nearest one above whose package.json names
 * workspaces; the working folder itself if there is none. (Notebooks run in the folder they lie in.)
 */
function projectRoot(): string {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest)) {
      try {
        if (JSON.parse(readFileSync(manifest, "utf8")).workspaces) return folder;
      } catch {
        // A broken package.json is not this function's business.
      }
    }
    if (dirname(folder) === folder) return process.cwd();
  }
}

function checkFileName(name: string): void {
  if (/^[^/\\\0]+$/.test(name) && !name.startsWith(".")) return;
  throw new UserError(`"${name}" cannot be a file name; give one without slashes that does not start with a dot`);
}

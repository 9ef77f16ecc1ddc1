import { createRequire, isBuiltin } from "node:module";
import { dirname, join, resolve } from "node:path";
import { PROJECT_ROOT } from "../../machine/support/project";
import { cellsToRun, type Notebook } from "./notebook";

/** Where a notebook runs. */
export interface NotebookFolders {
  /** Where its kernel starts, and looks for packages; the project's folder without it. */
  workingFolder?: string;
  /** Where its relative paths begin, if not there. */
  folder?: string;
}

/**
 * A notebook runs in its own folder, as in Jupyter. If it imports what is not there (this library, say), its kernel takes
 * packages from the project nevertheless. The project's own notebooks name files from the project's folder on.
 */
export function foldersOf(path: string, notebook: Notebook): NotebookFolders {
  const folder = dirname(resolve(path));
  if (folder === join(PROJECT_ROOT, "notebooks")) return {};
  return cellsToRun(notebook).every(({ source }) => packagesIn(source).every((name) => isFoundFrom(folder, name)))
    ? { workingFolder: folder }
    : { folder };
}

/** Names of packages that code imports: what it begins with "./" for is no package. */
function packagesIn(source: string): string[] {
  const imports = source.matchAll(/\b(?:from|import|require)\s*\(?\s*(["'])([^."'/\n][^"'\n]*)\1/g);
  return [...imports].map(([, , name]) => name);
}

function isFoundFrom(folder: string, name: string): boolean {
  if (isBuiltin(name)) return true;
  try {
    createRequire(join(folder, "notebook.js")).resolve(name);
    return true;
  } catch {
    return false;
  }
}

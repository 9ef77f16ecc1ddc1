import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Cell, formatNotebook, type Notebook } from "../../lib/src/programs/runner/notebook";

/** A code cell without results. */
export function codeCell(source: string, ...tags: string[]): Omit<Cell, "id"> {
  return { cell_type: "code", metadata: tags.length > 0 ? { tags } : {}, source, execution_count: null, outputs: [] };
}

/** A notebook of these cells; text stands for a code cell. */
export function notebookOf(...cells: (string | Omit<Cell, "id">)[]): Notebook {
  const numbered = cells.map((cell, index) => ({
    ...(typeof cell === "string" ? codeCell(cell) : cell),
    id: `cell-${index + 1}`,
  }));
  return { cells: numbered, metadata: {}, nbformat: 4, nbformat_minor: 5 };
}

/** A folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "token-geometry-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Puts a notebook into a folder; returns its path. */
export function saveNotebook(folder: string, name: string, ...cells: (string | Omit<Cell, "id">)[]): string {
  const path = join(folder, `${name}.ipynb`);
  writeFileSync(path, formatNotebook(notebookOf(...cells)));
  return path;
}

/** Whether a process runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until something is so. @throws Error if it is not within so many seconds */
export async function waitUntil(condition: () => boolean, what: string, seconds = 20): Promise<void> {
  for (let tries = 0; tries < 20 * seconds; tries++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what}: not within ${seconds} s`);
}

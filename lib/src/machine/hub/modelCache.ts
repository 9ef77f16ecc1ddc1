import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomically } from "../support/files";
import { sha256Of } from "../support/hash";
import { readJsonObject } from "../support/json";
import { userCache } from "../support/userCache";
import type { NamedModel } from "./namedModels";

/** Where a named model is kept, with its texts. */
export function namedModelFolder({ name }: NamedModel): string {
  return join(userCache(), "models", name);
}

/** Where a named model's file is once it is there; one that a person puts there is taken as well. */
export function namedModelPath(model: NamedModel): string {
  return join(namedModelFolder(model), model.file);
}

/** How the file of a named model stands; see {@link stateOf}. */
export type ModelState = "missing" | "damaged" | "unchecked" | "whole";

/**
 * Looks at the file without reading it. The hash of a file is taken once and noted beside it, with its size and time of
 * change: `whole` is one that is as it was then, `unchecked` one whose hash has to be taken (again), `damaged` one of
 * another size.
 */
export function stateOf(model: NamedModel): ModelState {
  const path = namedModelPath(model);
  // A path that leads through a file leads nowhere, too.
  const file = existsSync(path) ? statSync(path, { throwIfNoEntry: false }) : undefined;
  if (!file) return "missing";
  if (!file.isFile() || file.size !== model.bytes) return "damaged";
  const note = readNote(path);
  return note?.sha256 === model.sha256 && note.changed === file.mtimeMs ? "whole" : "unchecked";
}

/** As {@link stateOf}, with the hash taken where it has to be. */
export async function checkedState(model: NamedModel): Promise<Exclude<ModelState, "unchecked">> {
  const state = stateOf(model);
  if (state !== "unchecked") return state;
  if ((await sha256Of(namedModelPath(model))) !== model.sha256) return "damaged";
  noteChecked(model);
  return "whole";
}

/** Notes that the file, as it is now, has the right hash. */
export function noteChecked(model: NamedModel): void {
  const path = namedModelPath(model);
  try {
    const note = { sha256: model.sha256, changed: statSync(path).mtimeMs };
    writeFileAtomically(notePath(path), JSON.stringify(note));
  } catch {
    // A folder that cannot be written: it is hashed again the next time.
  }
}

function notePath(path: string): string {
  return `${path}.checked.json`;
}

function readNote(path: string): Record<string, unknown> | undefined {
  try {
    return readJsonObject(notePath(path));
  } catch {
    return undefined;
  }
}

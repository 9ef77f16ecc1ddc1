import { realpathSync } from "node:fs";
import { resolve } from "node:path";

/** Where a file or folder is: the same in whatever way its path is written, and through whatever links. It need not be there. */
export function placeOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return resolve(path);
  }
}

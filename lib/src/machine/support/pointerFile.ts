import { existsSync, readlinkSync } from "node:fs";
import { UserError } from "./errors";

/** A file in place of another one, which git keeps elsewhere and has not brought. */
export class PointerFile extends UserError {}

/** In bytes: Git LFS's are smaller than 1024, git-annex' have a line, and perhaps a warning behind it. */
export const LARGEST_POINTER = 1024;

/** What Git LFS has in place of a file, in its present spelling and the two of before. */
const LFS =
  /^version (?:https:\/\/(?:git-lfs|hawser)\.github\.com\/spec\/v\d+|http:\/\/git-media\.io\/v\/\d+)\r?\n(?:[a-z\d.-]+ .*\r?\n)*?oid sha256:[\da-f]{64}\r?\nsize \d+\s*$/;

/** What git-annex has in place of an unlocked file, and where links cannot be made, of a locked one. */
const ANNEX = /^(?:\/annex\/objects\/[A-Z\d_]+-\S*--\S+|[\w./\\-]*\.git[/\\]annex[/\\]objects[/\\]\S+)\s*(?:\n|$)/;

/**
 * Refuses what git has put in place of a file.
 *
 * @param beginning of the file; all of it, if it has no more than {@link LARGEST_POINTER} bytes
 * @throws PointerFile saying how to get the file
 * @see https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md and https://git-annex.branchable.com/internals/pointer_file
 */
export function refusePointer(path: string, beginning: Uint8Array): void {
  if (beginning.length > LARGEST_POINTER) return;
  const text = Buffer.from(beginning.buffer, beginning.byteOffset, beginning.length).toString("latin1");
  if (LFS.test(text)) throw new PointerFile(`${path}: an LFS pointer, not the file itself: git lfs pull`);
  if (ANNEX.test(text)) throw new PointerFile(`${path}: a git-annex pointer, not the file itself: git annex get`);
}

/** Whether a link leads to where git-annex keeps its files, which nobody else may change. */
export function leadsIntoAnnex(link: string): boolean {
  return /(?:^|[/\\])\.git[/\\]annex[/\\]objects[/\\]/.test(link);
}

/** Refuses a link of git-annex whose file is not here; to be asked where there seems to be nothing. @throws PointerFile */
export function refuseEmptyLink(path: string): void {
  let link: string;
  try {
    link = readlinkSync(path);
  } catch {
    return;
  }
  if (leadsIntoAnnex(link)) {
    throw new PointerFile(`${path}: a git-annex link to a file that is not here: git annex get`);
  }
}

/** Whether there is something at a path. @throws PointerFile if there would be, were it brought */
export function isThere(path: string): boolean {
  if (existsSync(path)) return true;
  refuseEmptyLink(path);
  return false;
}

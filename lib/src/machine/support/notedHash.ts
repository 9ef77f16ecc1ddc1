import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { messageOf, UserError } from "./errors";
import { stampOf, writeFileAtomically } from "./files";
import { readJsonObject } from "./json";
import { userCache } from "./userCache";

/** Files of fewer bytes are hashed in less than the blink of an eye: nothing is noted of them. */
const LEAST_NOTED = 2 ** 26;

/**
 * SHA-256 of a file's content. Of a large file it is noted in the user's cache, with the file's state: as long as that is
 * the same, so is the hash; once the file has been written to, it is hashed again, whatever its name says.
 *
 * @param least from how many bytes on a file is large
 * @throws UserError if it cannot be read
 */
export function notedHash(path: string, least = LEAST_NOTED): string {
  const target = realpathSync(path);
  if (statSync(target).size < least) return hashFile(target);
  const note = join(userCache(), "hashes", `${createHash("sha256").update(target).digest("hex")}.json`);
  const stamp = stampOf(target);
  const known = readNote(note);
  if (known.stamp === stamp && typeof known.sha256 === "string") return known.sha256;
  const sha256 = hashFile(target);
  try {
    if (stampOf(target) === stamp) writeFileAtomically(note, JSON.stringify({ path: target, stamp, sha256 }));
  } catch {
    // A cache that cannot be written: it is hashed again the next time.
  }
  return sha256;
}

function readNote(path: string): Record<string, unknown> {
  try {
    return readJsonObject(path);
  } catch {
    return {};
  }
}

/** SHA-256 of a file's content, in hexadecimal, read in pieces. @throws UserError if it cannot be read */
export function hashFile(path: string): string {
  const hash = createHash("sha256");
  const piece = Buffer.alloc(1 << 22);
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    for (let count = -1; count !== 0; ) {
      count = readSync(file, piece);
      hash.update(piece.subarray(0, count));
    }
  } catch (error) {
    throw new UserError(`${path}: cannot be read (${messageOf(error)})`, { cause: error });
  } finally {
    if (file !== undefined) closeSync(file);
  }
  return hash.digest("hex");
}

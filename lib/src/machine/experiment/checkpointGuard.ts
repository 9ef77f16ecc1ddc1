import { basename } from "node:path";
import { UserError } from "../support/errors";
import { stampOf } from "../support/files";
import { hashFile } from "../support/notedHash";

/** Notices that a checkpoint's files are replaced while results are computed with them. */
export class CheckpointGuard {
  /**
   * How often files were found written again, with what they held before. Whatever was read between two such states may
   * have been something else: results that were begun at a lower number are not to be kept.
   */
  rewritten = 0;
  private readonly stamps: Map<string, string>;

  /** @param files the checkpoint's files; their state now is what {@link check} compares with */
  constructor(files: readonly string[]) {
    this.stamps = new Map(files.map((file) => [file, stampOf(file)]));
  }

  /**
   * Files whose place, size or times have changed are hashed again: one that was copied over itself is still the same.
   *
   * @param hashes SHA-256 by file name, as they were when the units were planned
   * @throws UserError naming the file if it is another one now
   */
  check(hashes: Readonly<Record<string, string>>): void {
    for (const [file, stamp] of this.stamps) {
      const now = stampOf(file);
      if (now === stamp) continue;
      if (now === "missing" || hashFile(file) !== hashes[basename(file)]) {
        const what = now === "missing" ? "was removed" : "was replaced";
        throw new UserError(
          `${file}: ${what} while results were computed with it; the unit under way is not kept, earlier ones are; run again`,
        );
      }
      this.stamps.set(file, now);
      this.rewritten++;
    }
  }
}

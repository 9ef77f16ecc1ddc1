import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../support/errors";
import { formatBytes } from "./progressBar";

/**
 * Makes sure of room before anything is downloaded.
 *
 * @param folder where the bytes will go; it need not be there yet
 * @throws UserError if the disk that holds the folder has less free space than that many bytes and a little more
 */
export function checkDisk(folder: string, bytes: number): void {
  let present = folder;
  while (!existsSync(present)) present = dirname(present);
  const disk = statfsSync(present);
  const free = disk.bavail * disk.bsize;
  if (free < bytes * 1.02 + 10e6) {
    throw new UserError(
      `not enough disk space: ${formatBytes(bytes)} are needed in ${folder}, ${formatBytes(free)} are free; free some and run again`,
    );
  }
}

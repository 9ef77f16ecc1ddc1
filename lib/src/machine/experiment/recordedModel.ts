import { existsSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { type Checkpoint, hashCheckpoint } from "../checkpoint/checkpoint";
import { hashFile } from "../support/notedHash";
import { isThere } from "../support/pointerFile";

/** Files of a tokenizer, where it is not inside of the checkpoint's. */
const TOKENIZER_FILES = ["tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt"];

/** SHA-256 of the files of a model folder's tokenizer, by name; none where a checkpoint is a single file. */
export function tokenizerHashes(folder: string): Record<string, string> {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return {};
  const names = TOKENIZER_FILES.filter((name) => isThere(join(folder, name)));
  return Object.fromEntries(names.map((name) => [name, hashFile(join(folder, name))]));
}

/** SHA-256 and size of a checkpoint's files, by name. */
export function checkpointFiles(checkpoint: Checkpoint): Record<string, { sha256: string; bytes: number }> {
  const hashes = hashCheckpoint(checkpoint);
  return Object.fromEntries(
    checkpoint.files.map((file) => [basename(file), { sha256: hashes[basename(file)], bytes: statSync(file).size }]),
  );
}

/** How many tensors of a checkpoint there are of each type. */
export function weightTypes({ tensors }: Checkpoint): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { elementType } of tensors.values()) counts[elementType] = (counts[elementType] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

import { basename } from "node:path";
import { UserError } from "./errors";
import { readJsonObject, shown } from "./json";

/** No file system has longer ones. */
const LONGEST_NAME = 255;

/** Which of several files holds which tensor. */
export interface ShardIndex {
  /** File by tensor. */
  shardOf: Map<string, string>;
  /** The files, each once, in order. */
  names: string[];
}

/**
 * Reads model.safetensors.index.json or pytorch_model.bin.index.json.
 *
 * @throws UserError naming the file, if it is no index or names anything but files beside it
 */
export function readShardIndex(path: string): ShardIndex {
  const map = readJsonObject(path).weight_map;
  if (typeof map !== "object" || map === null || Object.keys(map).length === 0) {
    throw new UserError(`${path}: has no weight_map, or an empty one`);
  }
  const shardOf = new Map<string, string>(Object.entries(map));
  for (const name of new Set(shardOf.values())) {
    // A name with a folder in it could point to any file of this machine.
    if (
      typeof name !== "string" ||
      name === "" ||
      name.length > LONGEST_NAME ||
      name.includes("\0") ||
      basename(name) !== name ||
      name.includes("\\") ||
      name.startsWith(".")
    ) {
      throw new UserError(`${path}: ${shown(name)} is not a file name in this folder`);
    }
  }
  return { shardOf, names: [...new Set(shardOf.values())].sort() };
}

import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { cachedModelName } from "../hub/cache";
import { messageOf, UserError } from "../support/errors";
import { readShardIndex } from "../support/shardIndex";
import { type CheckpointConfig, readConfig } from "./config";
import { readTorchFile } from "./pytorchBin";
import { readSafetensorsHeader } from "./safetensors";
import { readRows, readValues, type StoredTensor } from "./storedTensor";

/** A trained model on disk, in Hugging Face layout. Values are read tensor by tensor, when asked for. */
export interface Checkpoint {
  folder: string;
  /** Last part of the folder's path, or of the name on the hub, for captions. */
  name: string;
  config: CheckpointConfig;
  tensors: ReadonlyMap<string, StoredTensor>;
  /** config.json and the files of weights: all that the numbers depend on. */
  files: string[];
}

/**
 * Opens a folder with config.json and weights, in model.safetensors or pytorch_model.bin or in several files of either
 * with their index, and checks all headers. If there are both, the safetensors are taken.
 *
 * @throws UserError naming the file and what is wrong with it
 */
export function openCheckpoint(folder: string): Checkpoint {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new UserError(`${folder}: no such model folder`);
  }
  const config = readConfig(folder);
  const { tensors, files } = readWeights(folder);
  return {
    folder,
    name: cachedModelName(folder) ?? basename(join(folder, ".")),
    config,
    tensors,
    files: [config.path, ...files],
  };
}

/** The files of weights, in the order of preference, and what reads their headers. */
const FORMATS: readonly { file: string; read(path: string): Map<string, StoredTensor> }[] = [
  { file: "model.safetensors", read: readSafetensorsHeader },
  { file: "pytorch_model.bin", read: readTorchFile },
];

function readWeights(folder: string): { tensors: Map<string, StoredTensor>; files: string[] } {
  for (const { file, read } of FORMATS) {
    const single = join(folder, file);
    if (existsSync(single)) return { tensors: read(single), files: [single] };
    const index = join(folder, `${file}.index.json`);
    if (existsSync(index)) return readShards(folder, index, read);
  }
  throw new UserError(
    `${folder}: holds no weights: neither model.safetensors nor pytorch_model.bin, nor an index of several`,
  );
}

function readShards(
  folder: string,
  index: string,
  read: (path: string) => Map<string, StoredTensor>,
): { tensors: Map<string, StoredTensor>; files: string[] } {
  const { shardOf, names } = readShardIndex(index);
  const tensors = new Map<string, StoredTensor>();
  for (const name of names) {
    for (const [key, tensor] of read(join(folder, name))) {
      if (shardOf.get(key) === name) tensors.set(key, tensor);
    }
  }
  for (const [key, name] of shardOf) {
    if (!tensors.has(key)) throw new UserError(`${index}: promises tensor "${key}" in ${name}, which does not hold it`);
  }
  return { tensors, files: [index, ...names.map((name) => join(folder, name))] };
}

/**
 * Reads one tensor as float32 in C order, after checking that it has the shape that the model needs.
 *
 * @throws UserError if it is missing, of another shape, of a type that cannot be read, or holds NaN or infinity
 */
export function readTensor(checkpoint: Checkpoint, name: string, shape: readonly number[]): Float32Array {
  return readValues(checkedTensor(checkpoint, name, shape));
}

/**
 * Reads some rows of a matrix, as {@link readTensor}: [rows.length, columns].
 *
 * @param rows which ones, ascending
 */
export function readTensorRows(
  checkpoint: Checkpoint,
  name: string,
  shape: readonly number[],
  rows: readonly number[],
): Float32Array {
  return readRows(checkedTensor(checkpoint, name, shape), rows);
}

function checkedTensor(checkpoint: Checkpoint, name: string, shape: readonly number[]): StoredTensor {
  const tensor = checkpoint.tensors.get(name);
  if (!tensor) throw new UserError(`${checkpoint.folder}: tensor "${name}" is missing`);
  if (tensor.shape.join() !== shape.join()) {
    throw new UserError(`${tensor.file}: tensor "${name}" has shape [${tensor.shape}], the config asks for [${shape}]`);
  }
  return tensor;
}

/** SHA-256 of every file of the checkpoint, by file name. */
export function hashCheckpoint(checkpoint: Checkpoint): Record<string, string> {
  return Object.fromEntries(checkpoint.files.map((file) => [basename(file), hubBlobHash(file) ?? hashFile(file)]));
}

/** In the hub's cache a large file is a link to one that is named by its SHA-256, which was checked when it came. */
function hubBlobHash(path: string): string | undefined {
  const target = realpathSync(path);
  const isBlob = basename(dirname(target)) === "blobs" && /^[0-9a-f]{64}$/.test(basename(target));
  return isBlob ? basename(target) : undefined;
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

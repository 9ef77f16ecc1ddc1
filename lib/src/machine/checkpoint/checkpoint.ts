import { statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { ggufIn } from "../gguf/parts";
import { cachedModelName } from "../hub/cache";
import { adapterBaseFolder } from "../hub/models";
import { UserError } from "../support/errors";
import { notedHash } from "../support/notedHash";
import { isThere, refuseEmptyLink } from "../support/pointerFile";
import { readShardIndex } from "../support/shardIndex";
import { withAdapter } from "./adapter";
import { type CheckpointConfig, readConfig } from "./config";
import { openGguf } from "./gguf/ggufCheckpoint";
import { readTorchFile } from "./pytorchBin";
import { isQuantizedType } from "./quantized/dequantize";
import { readSafetensorsHeader } from "./safetensors";
import { readRows, readTransposed, readValues, type StoredTensor } from "./storedTensor";

/** A trained model on disk: a folder in Hugging Face layout, or a GGUF file. Values are read tensor by tensor, when asked for. */
export interface Checkpoint {
  /** What {@link openCheckpoint} can open again: the folder, or the GGUF file, of a split one the first part. */
  path: string;
  /** Last part of the path (of a GGUF file without its ending), or of the name on the hub, for captions. */
  name: string;
  /** As config.json says it; of a GGUF file, what its metadata says in the same words. */
  config: CheckpointConfig;
  /** By the name that Hugging Face transformers has for them. */
  tensors: ReadonlyMap<string, StoredTensor>;
  /** The types that weights are stored in, the one of most values first: "F32" or "Q4_1, Q8_0, F32". */
  weights: string;
  /** All files that the numbers depend on: config.json and weights, or the parts of the GGUF file. */
  files: string[];
  /** What else they depend on: what was done to the weights as they are read. Nothing without it. */
  variant?: string;
}

/**
 * Opens a model and checks all headers: a folder with config.json and weights, in model.safetensors or pytorch_model.bin or
 * in several files of either with their index (if there are both, the safetensors are taken); a GGUF file, any part of a
 * split one, or a folder that holds one and no config.json; the folder of a LoRA adapter, which is merged into its base.
 *
 * @throws UserError naming the file and what is wrong with it
 * @example openCheckpoint("data/models/llama-mini").weights; // "BF16"
 */
export function openCheckpoint(path: string): Checkpoint {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) refuseEmptyLink(path);
  if (!found) throw new UserError(`${path}: no such model folder or file`);
  if (!found.isDirectory()) return ggufCheckpoint(path);
  const base = adapterBaseFolder(path);
  if (base !== undefined) return adapterCheckpoint(path, base);
  const gguf = isThere(join(path, "config.json")) ? undefined : ggufIn(path);
  return gguf ? ggufCheckpoint(gguf) : folderCheckpoint(path);
}

function ggufCheckpoint(file: string): Checkpoint {
  const opened = openGguf(file);
  return { ...opened, weights: typesOf(opened.tensors) };
}

/** A base model with the adapter of another folder merged into it. */
function adapterCheckpoint(folder: string, base: string): Checkpoint {
  if (adapterBaseFolder(base) !== undefined)
    throw new UserError(`${folder}: its base model ${base} is an adapter itself`);
  const whole = openCheckpoint(base);
  const { tensors, files } = withAdapter(folder, whole.config.modelType, whole.tensors);
  return { ...whole, path: folder, name: nameOf(folder), tensors, files: [...whole.files, ...files] };
}

function nameOf(folder: string): string {
  return cachedModelName(resolve(folder)) ?? basename(resolve(folder));
}

function folderCheckpoint(folder: string): Checkpoint {
  const config = readConfig(folder);
  const { tensors, files } = readWeights(folder);
  return {
    path: folder,
    name: nameOf(folder),
    config,
    tensors,
    weights: typesOf(tensors),
    files: [config.path, ...files],
  };
}

/** The types of tensors, that of most values first. */
function typesOf(tensors: ReadonlyMap<string, StoredTensor>): string {
  const counts = new Map<string, number>();
  for (const { elementType, shape } of tensors.values()) {
    const values = shape.reduce((product, dimension) => product * dimension, 1);
    counts.set(elementType, (counts.get(elementType) ?? 0) + values);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([type]) => type)
    .join(", ");
}

/**
 * What is to be said wherever numbers from this checkpoint are shown: the types of its weights, if any are quantized, which
 * moves the numbers. Undefined for plain numbers.
 */
export function quantizedWeights({ config, tensors, weights }: Checkpoint): string | undefined {
  const isQuantized = [...tensors.values()].some(({ elementType }) => isQuantizedType(elementType));
  return isQuantized || config.has("quantization_config") ? weights : undefined;
}

/** The files of weights, in the order of preference, and what reads their headers. */
const FORMATS: readonly { file: string; read(path: string): Map<string, StoredTensor> }[] = [
  { file: "model.safetensors", read: readSafetensorsHeader },
  { file: "pytorch_model.bin", read: readTorchFile },
];

function readWeights(folder: string): { tensors: Map<string, StoredTensor>; files: string[] } {
  for (const { file, read } of FORMATS) {
    const single = join(folder, file);
    if (isThere(single)) return { tensors: read(single), files: [single] };
    const index = join(folder, `${file}.index.json`);
    if (isThere(index)) return readShards(folder, index, read);
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
      // The index decides between two files; what it has in none, or in another one than it is in, is there all the same.
      if (shardOf.get(key) === name || !tensors.has(key)) tensors.set(key, tensor);
    }
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

/**
 * Reads neighboring rows of a matrix and transposes them, as {@link readTensor}.
 *
 * @param first number of the first row
 * @param room [columns x count] values that are written to and returned; new ones without it
 * @returns [columns, count]
 */
export function readTransposedRows(
  checkpoint: Checkpoint,
  name: string,
  shape: readonly number[],
  first: number,
  count: number,
  room: Float32Array = new Float32Array(shape[1] * count),
): Float32Array {
  readTransposed(checkedTensor(checkpoint, name, shape), first, count, room);
  return room;
}

function checkedTensor(checkpoint: Checkpoint, name: string, shape: readonly number[]): StoredTensor {
  const tensor = checkpoint.tensors.get(name);
  if (!tensor) throw new UserError(`${checkpoint.path}: tensor "${name}" is missing`);
  if (tensor.shape.join() !== shape.join()) {
    throw new UserError(`${tensor.file}: tensor "${name}" has shape [${tensor.shape}], the config asks for [${shape}]`);
  }
  return tensor;
}

/** SHA-256 of every file of the checkpoint, by file name. */
export function hashCheckpoint(checkpoint: Checkpoint): Record<string, string> {
  return Object.fromEntries(checkpoint.files.map((file) => [basename(file), notedHash(file)]));
}

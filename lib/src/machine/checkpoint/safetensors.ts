import { closeSync, readSync } from "node:fs";
import { messageOf, UserError } from "../support/errors";
import { openToRead } from "../support/files";
import { parseJson, shown, utf8 } from "../support/json";
import { bytesPerNumber } from "../support/numberTypes";
import { isQuantizedType } from "./quantized/dequantize";
import { isPlainType, type StoredTensor } from "./storedTensor";

/** The header of a file names every tensor, in about 150 bytes each; a header larger than this is not a real one. */
const LARGEST_HEADER = 2 ** 25;

/** Tensors of more dimensions than this do not exist in language models. */
const MOST_DIMENSIONS = 16;

/**
 * Reads the header of a safetensors file and checks all of it against the file, before any number is used: types, shapes,
 * byte ranges (of the right size, one after the other without gaps from the header's end to the file's).
 * Layout: 8 bytes little-endian header length, JSON header, data (github.com/huggingface/safetensors, README "Format").
 *
 * @param path the file
 * @returns its tensors by name; their values are still on disk
 * @throws UserError naming the file, and the tensor if one is at fault
 */
export function readSafetensorsHeader(path: string): Map<string, StoredTensor> {
  const { header, dataStart, fileSize } = readHeaderText(path);
  const refuse = (why: string): never => {
    throw new UserError(`${path}: ${why}`);
  };
  let parsed: unknown;
  try {
    parsed = parseJson(utf8(header));
  } catch (error) {
    refuse(`its header is not JSON; the file is damaged or no safetensors file (${messageOf(error)})`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) refuse("its header is not a JSON object");
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of Object.entries(parsed as Record<string, unknown>)) {
    if (name === "__metadata__") continue;
    tensors.set(name, checkedEntry(path, name, entry, dataStart, fileSize));
  }
  checkPlaces(path, [...tensors.values()], dataStart, fileSize);
  return withAliases(tensors, (parsed as Record<string, unknown>).__metadata__);
}

/** Of tensors that share their memory, PyTorch's writer stores one, and notes the names of the others as names for it. */
function withAliases(tensors: Map<string, StoredTensor>, metadata: unknown): Map<string, StoredTensor> {
  for (const [alias, name] of Object.entries(metadata ?? {})) {
    const tensor = tensors.get(name);
    if (tensor && !tensors.has(alias)) tensors.set(alias, tensor);
  }
  return tensors;
}

/**
 * No two tensors may share bytes, and all bytes belong to one, as the format demands. JSON alone does not notice a name that
 * is there twice, nor a length that leaves out spaces at the header's end, by which all numbers would be read from the wrong
 * place.
 */
function checkPlaces(path: string, tensors: StoredTensor[], dataStart: number, fileSize: number): void {
  const refuse = (why: string): never => {
    throw new UserError(`${path}: ${why}`);
  };
  const ordered = tensors.filter(({ begin, end }) => end > begin).sort((a, b) => a.begin - b.begin);
  for (let i = 1; i < ordered.length; i++) {
    const [before, after] = [ordered[i - 1], ordered[i]];
    if (after.begin < before.end) refuse(`the bytes of tensors "${before.name}" and "${after.name}" overlap`);
  }
  let end = dataStart;
  for (const { name, begin, end: next } of ordered) {
    if (begin > end) refuse(`${begin - end} bytes before tensor "${name}" belong to none: the header is damaged`);
    end = next;
  }
  if (fileSize > end) {
    refuse(
      `ends ${fileSize - end} bytes after its last tensor: the header is damaged, or has another length than it claims`,
    );
  }
}

function checkedEntry(path: string, name: string, entry: unknown, dataStart: number, fileSize: number): StoredTensor {
  const refuse = (why: string): never => {
    throw new UserError(`${path}: tensor "${name}" ${why}`);
  };
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  if (typeof dtype !== "string") return refuse("has no dtype in the header");
  if (!Array.isArray(shape) || shape.length > MOST_DIMENSIONS || !shape.every(isCount)) {
    return refuse(`has no valid shape: ${shown(shape)}`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0] > offsets[1]) {
    return refuse(`has no valid data_offsets: ${shown(offsets)}`);
  }
  const [begin, end] = (offsets as number[]).map((offset) => dataStart + offset);
  if (end > fileSize) {
    return refuse(`ends at byte ${end}, but the file has ${fileSize}: it is cut short, get it again`);
  }
  if (isQuantizedType(dtype)) return refuse(`is of type ${dtype}, which a safetensors file cannot hold`);
  // Integer masks and the like may be in a checkpoint: only reading their values is refused.
  if (isPlainType(dtype)) {
    const size = shape.reduce((product: number, dimension: number) => product * dimension, bytesPerNumber(dtype));
    if (end - begin !== size) return refuse(`of shape [${shape}] in ${dtype} needs ${size} bytes, not ${end - begin}`);
  }
  return { name, file: path, elementType: dtype, shape: shape as number[], begin, end };
}

function readHeaderText(path: string): { header: Buffer; dataStart: number; fileSize: number } {
  const { file, size: fileSize } = openToRead(path);
  try {
    const prefix = Buffer.alloc(8);
    if (fileSize < 8 || readSync(file, prefix, 0, 8, 0) !== 8) {
      throw new UserError(`${path}: too short for a safetensors file (${fileSize} bytes)`);
    }
    const length = Number(prefix.readBigUInt64LE());
    if (length > fileSize - 8 || length > LARGEST_HEADER) {
      throw new UserError(`${path}: its header claims ${length} bytes, the file has ${fileSize}: damaged or cut short`);
    }
    const header = Buffer.alloc(length);
    if (readSync(file, header, 0, length, 8) !== length) throw new UserError(`${path}: its header is cut short`);
    return { header, dataStart: 8 + length, fileSize };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${path}: cannot be read (${messageOf(error)})`, { cause: error });
  } finally {
    closeSync(file);
  }
}

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { messageOf, UserError } from "../support/errors";
import { bytesPerValue, isElementType, type StoredTensor } from "./storedTensor";

/** The header of a file names every tensor; a header larger than this is not a real one. */
const LARGEST_HEADER = 100_000_000;

/** Headers are filled up with spaces to a multiple of this many bytes. */
const HEADER_ALIGNMENT = 8;

/**
 * Reads the header of a safetensors file and checks all of it against the file, before any number is used: types, shapes,
 * byte ranges (inside the file, of the right size, not overlapping).
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
    parsed = JSON.parse(header);
  } catch {
    refuse("its header is not JSON; the file is damaged or no safetensors file");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) refuse("its header is not a JSON object");
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of Object.entries(parsed as Record<string, unknown>)) {
    if (name === "__metadata__") continue;
    tensors.set(name, checkedEntry(path, name, entry, dataStart, fileSize));
  }
  checkPlaces(path, [...tensors.values()], dataStart, fileSize);
  return tensors;
}

/** No two tensors may share bytes, and the last one has to reach the end of the file. */
function checkPlaces(path: string, tensors: StoredTensor[], dataStart: number, fileSize: number): void {
  const ordered = tensors.filter(({ begin, end }) => end > begin).sort((a, b) => a.begin - b.begin);
  for (let i = 1; i < ordered.length; i++) {
    if (ordered[i].begin < ordered[i - 1].end) {
      throw new UserError(`${path}: the bytes of tensors "${ordered[i - 1].name}" and "${ordered[i].name}" overlap`);
    }
  }
  // A length that leaves out spaces at the header's end goes unnoticed by JSON, but all numbers would be read from the
  // wrong place. Larger rests are tensors that the header does not list: that is for the model to miss.
  const rest = fileSize - (ordered.at(-1)?.end ?? dataStart);
  if (rest > 0 && rest < HEADER_ALIGNMENT) {
    throw new UserError(
      `${path}: ends ${rest} bytes after its last tensor: the header has another length than it claims`,
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
  if (!Array.isArray(shape) || !shape.every(isCount)) return refuse(`has no valid shape: ${JSON.stringify(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0] > offsets[1]) {
    return refuse(`has no valid data_offsets: ${JSON.stringify(offsets)}`);
  }
  const [begin, end] = (offsets as number[]).map((offset) => dataStart + offset);
  if (end > fileSize) {
    return refuse(`ends at byte ${end}, but the file has ${fileSize}: it is cut short, get it again`);
  }
  // Integer masks and the like may be in a checkpoint: only reading their values is refused.
  if (isElementType(dtype)) {
    const size = shape.reduce((product: number, dimension: number) => product * dimension, bytesPerValue(dtype));
    if (end - begin !== size) return refuse(`of shape [${shape}] in ${dtype} needs ${size} bytes, not ${end - begin}`);
  }
  return { name, file: path, elementType: dtype, shape: shape as number[], begin, end };
}

function readHeaderText(path: string): { header: string; dataStart: number; fileSize: number } {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const fileSize = fstatSync(file).size;
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
    return { header: header.toString("utf8"), dataStart: 8 + length, fileSize };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${path}: cannot be read (${messageOf(error)})`, { cause: error });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

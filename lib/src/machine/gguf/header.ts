import { closeSync } from "node:fs";
import { messageOf, UserError } from "../support/errors";
import { openToRead } from "../support/files";
import { shown } from "../support/json";
import { ByteCursor } from "./byteCursor";
import { type GgufValue, readValue, SMALLEST_ENTRY } from "./metadata";
import { tensorTypeOf } from "./tensorTypes";

export type { GgufValue, NumericArray } from "./metadata";

/** A tensor of a GGUF file, whose values are still on disk. */
export interface GgufTensor {
  name: string;
  /** As gguf for Python spells it: "F32", "Q4_1", .. */
  type: string;
  /** In C order, the last dimension being that of neighbors; the file has it the other way round. */
  shape: number[];
  /** First byte in the file, and the one after the last. */
  begin: number;
  end: number;
  file: string;
}

/** What a GGUF file says of itself, and where its tensors lie. */
export interface GgufHeader {
  path: string;
  version: number;
  metadata: ReadonlyMap<string, GgufValue>;
  tensors: ReadonlyMap<string, GgufTensor>;
}

/** Metadata and the list of tensors; the largest vocabularies, with their merges, have 15 MB. */
const LARGEST_HEADER = 2 ** 26;

/** Of keys and of names of tensors, in characters; the format says 65,535 and 64 bytes. */
const LONGEST_NAME = 1024;

/** As ggml has it. */
const MOST_DIMENSIONS = 4;

/** The fewest bytes that the description of a tensor takes up. */
const SMALLEST_DESCRIPTION = 8 + 4 + 4 + 8;

/** Where the bytes of tensors begin, unless the file says otherwise, and what it can say at most. */
const ALIGNMENT = 32;
const LARGEST_ALIGNMENT = 2 ** 20;

/** What llama.cpp's files began with before GGUF, as the bytes stand in the file. */
const FORERUNNERS: readonly string[] = ["lmgg", "fmgg", "tjgg", "algg"];

/**
 * Reads the header of a GGUF file (versions 2 and 3, little-endian) and checks all of it against the file before any of its
 * values is used: types, shapes, byte ranges (aligned, of the right size, one after the other to the file's end).
 * Layout: ggml, docs/gguf.md.
 *
 * @param path the file
 * @throws UserError naming the file, and the key or tensor if one is at fault
 * @example readGgufHeader("some.gguf").metadata.get("general.architecture") // "llama"
 */
export function readGgufHeader(path: string): GgufHeader {
  const { file, size } = openToRead(path);
  try {
    const cursor = new ByteCursor(file, Math.min(size, LARGEST_HEADER));
    const version = readVersion(cursor);
    const tensorCount = within("the number of tensors", () => cursor.count(SMALLEST_DESCRIPTION));
    const entryCount = within("the number of keys", () => cursor.count(SMALLEST_ENTRY));
    const metadata = readMetadata(cursor, entryCount);
    const tensors = readTensors(cursor, tensorCount, path);
    placeTensors([...tensors.values()], cursor.position, alignmentOf(metadata), size);
    return { path, version, metadata, tensors };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${path}: ${messageOf(error)}`, { cause: error });
  } finally {
    closeSync(file);
  }
}

/** Has what goes wrong in `read` say what was being read. */
function within<Result>(what: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw new Error(`${what} cannot be read: ${messageOf(error)}; the file is damaged or cut short`, { cause: error });
  }
}

function readVersion(cursor: ByteCursor): number {
  if (cursor.remaining < 24) throw new Error(`too short for a GGUF file (${cursor.limit} bytes)`);
  const magic = Buffer.from(cursor.copy(4)).toString("latin1");
  if (FORERUNNERS.includes(magic)) {
    throw new Error("is in a format that llama.cpp had before GGUF, which is not supported; get the model as GGUF");
  }
  if (magic !== "GGUF") throw new Error(`is no GGUF file (it begins with ${shown(magic)})`);
  const version = cursor.uint32();
  if (version !== 0 && (version & 0xffff) === 0) {
    throw new Error("its numbers are big-endian; little-endian is supported");
  }
  if (version !== 2 && version !== 3) {
    throw new Error(`is of version ${version} of GGUF; 2 and 3 are supported; get the model as a newer file`);
  }
  return version;
}

function readMetadata(cursor: ByteCursor, count: number): Map<string, GgufValue> {
  const metadata = new Map<string, GgufValue>();
  for (let index = 0; index < count; index++) {
    const key = within(`key ${index + 1} of ${count}`, () => readName(cursor));
    if (metadata.has(key)) throw new Error(`key ${shown(key)} is there twice; the file is damaged`);
    metadata.set(
      key,
      within(`key ${shown(key)}`, () => readValue(cursor)),
    );
  }
  return metadata;
}

function readName(cursor: ByteCursor): string {
  const name = cursor.string();
  if (name.length > LONGEST_NAME) throw new Error(`a name has ${name.length} characters`);
  return name;
}

/** A description of a tensor has its place counted from where the bytes of all begin, which is known after the last. */
function readTensors(cursor: ByteCursor, count: number, file: string): Map<string, GgufTensor> {
  const tensors = new Map<string, GgufTensor>();
  for (let index = 0; index < count; index++) {
    const name = within(`tensor ${index + 1} of ${count}`, () => readName(cursor));
    if (tensors.has(name)) throw new Error(`tensor "${name}" is there twice; the file is damaged`);
    tensors.set(
      name,
      within(`tensor "${name}"`, () => readTensor(cursor, name, file)),
    );
  }
  return tensors;
}

function readTensor(cursor: ByteCursor, name: string, file: string): GgufTensor {
  const dimensions = cursor.uint32();
  if (dimensions > MOST_DIMENSIONS) throw new Error(`it claims ${dimensions} dimensions`);
  const shape = Array.from({ length: dimensions }, () => Number(cursor.uint64())).reverse();
  const values = shape.reduce((product, dimension) => product * dimension, 1);
  if (shape.includes(0) || !Number.isSafeInteger(values)) throw new Error(`it claims the shape [${shape}]`);
  const type = tensorTypeOf(cursor.uint32());
  if (typeof type === "string") throw new Error(`it ${type}`);
  if ((shape.at(-1) ?? 1) % type.blockValues !== 0) {
    throw new Error(`of shape [${shape}] in ${type.name}, its rows are no whole blocks of ${type.blockValues} values`);
  }
  const begin = Number(cursor.uint64());
  return { name, type: type.name, shape, begin, end: begin + (values / type.blockValues) * type.blockBytes, file };
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>): number {
  const alignment = metadata.get("general.alignment") ?? ALIGNMENT;
  const isPowerOfTwo = typeof alignment === "number" && alignment > 0 && Number.isInteger(Math.log2(alignment));
  if (!isPowerOfTwo || alignment > LARGEST_ALIGNMENT) {
    throw new Error(`general.alignment is ${shown(String(alignment))}; it must be a power of two`);
  }
  return alignment;
}

/**
 * Has the places of tensors count from the file's beginning, and checks them: each aligned, no two sharing bytes, and no
 * bytes that belong to none but what fills up to the next aligned place. A damaged header is seen by that.
 */
function placeTensors(tensors: GgufTensor[], headerEnd: number, alignment: number, fileSize: number): void {
  const aligned = (place: number) => Math.ceil(place / alignment) * alignment;
  const start = aligned(headerEnd);
  let before: GgufTensor | undefined;
  let end = start;
  for (const tensor of tensors.toSorted((a, b) => a.begin - b.begin)) {
    const { name } = tensor;
    if (tensor.begin % alignment !== 0) {
      throw new Error(
        `tensor "${name}" begins at byte ${tensor.begin} of the data, which is no multiple of ${alignment}`,
      );
    }
    tensor.begin += start;
    tensor.end += start;
    if (tensor.begin < end) throw new Error(`the bytes of tensors "${before?.name}" and "${name}" overlap`);
    if (tensor.begin > aligned(end)) {
      throw new Error(`${tensor.begin - end} bytes before tensor "${name}" belong to none: the header is damaged`);
    }
    if (tensor.end > fileSize) {
      throw new Error(
        `tensor "${name}" ends at byte ${tensor.end}, but the file has ${fileSize}: it is cut short, get it again`,
      );
    }
    [before, end] = [tensor, tensor.end];
  }
  if (fileSize > aligned(end)) {
    throw new Error(
      `ends ${fileSize - end} bytes after its last tensor: the header is damaged, or something was put behind it`,
    );
  }
}

import { closeSync } from "node:fs";
import { messageOf, UserError } from "./errors";
import { openToRead, readRange, writeFileAtomically } from "./files";
import { bytesPerNumber, type NumberType, numbersOf } from "./numberTypes";
import { fortranStrides, inCOrder } from "./strides";

/** A dense array in C order, as NumPy stores it in a .npy file. */
export interface NumpyArray {
  shape: number[];
  data: Float32Array | Float64Array;
}

const MAGIC = "\x93NUMPY";

/** Type, order and shape take less than 200 bytes. In a long header the search for them could go on for hours. */
const LONGEST_HEADER = 10_000;

/** Types by the letter and the bytes that NumPy has for them. */
const TYPES: ReadonlyMap<string, NumberType> = new Map<string, NumberType>([
  ["b1", "BOOL"],
  ...["U8", "U16", "U32", "U64", "I8", "I16", "I32", "I64", "F16", "F32", "F64"].map((type): [string, NumberType] => [
    `${type[0].toLowerCase()}${Number(type.slice(1)) / 8}`,
    type as NumberType,
  ]),
]);

/** What holds no numbers that are read, by NumPy's letter, and what to do. */
const REFUSED: Record<string, string> = {
  b: 'unknown numbers; save x.astype("float64")',
  i: 'unknown numbers; save x.astype("float64")',
  u: 'unknown numbers; save x.astype("float64")',
  f: 'longer floats than float64; save x.astype("float64")',
  c: "complex numbers; save x.real or x.imag, or both side by side: numpy.concatenate([x.real, x.imag], axis=-1)",
  O: 'Python objects; save numpy.stack(x).astype("float32")',
  U: 'texts; save x.astype("float64") if they are numbers',
  S: 'texts; save x.astype("float64") if they are numbers',
  M: 'dates; save x.astype("int64")',
  m: 'lengths of time; save x.astype("int64")',
  V: 'bytes without a type, which is how NumPy saves bfloat16 and its like; save x.astype("float32")',
};

/** What the header of a .npy file says. */
export interface NpyHeader {
  type: NumberType;
  bigEndian: boolean;
  /** The first dimension runs fastest, not the last. */
  fortranOrder: boolean;
  shape: number[];
  /** Where the data begins, in bytes. */
  start: number;
}

/** Header and the longest prefix of it. */
export const LONGEST_NPY_HEAD: number = LONGEST_HEADER + 12;

/**
 * Reads a .npy file (format 1, 2 or 3) of floats, integers or booleans of either byte order, in C or Fortran order. float16 and
 * float32 come as float32, everything else as float64, exactly.
 *
 * @throws UserError naming the file if it is no .npy, of a type that is no real number, holds an integer beyond 2^53, or is of
 *   another length than its header says
 * @see https://numpy.org/neps/nep-0001-npy-format.html
 */
export function readNpy(path: string): NumpyArray {
  const { file, size } = openToRead(path);
  try {
    const head = readRange(file, 0, Math.min(size, LONGEST_NPY_HEAD));
    const header = parseNpyHeader(head, path, size);
    return arrayOf(header, readRange(file, header.start, size), path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${path}: cannot be read (${messageOf(error)})`, { cause: error });
  } finally {
    closeSync(file);
  }
}

/** As {@link readNpy}, of bytes that are in memory; `name` stands for the file in messages. */
export function parseNpy(bytes: Uint8Array, name: string): NumpyArray {
  const header = parseNpyHeader(bytes, name, bytes.length);
  // Copied into a buffer of its own, since a typed array must start at a multiple of its item size.
  return arrayOf(header, new Uint8Array(bytes.subarray(header.start)), name);
}

/**
 * Reads the header of a .npy file, and checks it against the file's size.
 *
 * @param head the first bytes, {@link LONGEST_NPY_HEAD} of them if there are as many
 * @param size of the whole file, in bytes
 * @throws UserError as {@link readNpy}
 */
export function parseNpyHeader(head: Uint8Array, name: string, size: number): NpyHeader {
  const refuse = (why: string): never => {
    throw new UserError(`${name}: ${why}`);
  };
  const buffer = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (buffer.length < 12 || buffer.toString("latin1", 0, 6) !== MAGIC) refuse("not a .npy file");
  const version = buffer[6];
  if (version < 1 || version > 3) refuse(`.npy format ${version} is not supported`);
  const prefix = version === 1 ? 10 : 12;
  const start = prefix + (version === 1 ? buffer.readUInt16LE(8) : buffer.readUInt32LE(8));
  const text = buffer.toString(version === 3 ? "utf8" : "latin1", prefix, Math.min(start, LONGEST_NPY_HEAD));
  // The names of a structured type's fields are in the header, however many there are.
  if (/^\{'descr'\s*:\s*\[/.test(text)) refuse(`holds a structured type; save its fields apart, as x["name"]`);
  if (start - prefix > LONGEST_HEADER) refuse(`the .npy header claims ${start - prefix} bytes, more than any has`);
  if (start > buffer.length) refuse("the .npy header is cut short");
  const descriptor = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const dimensions = /'shape'\s*:\s*\(([^)]*)\)/.exec(text)?.[1];
  if (descriptor === undefined || order === undefined || dimensions === undefined)
    return refuse("the .npy header is damaged");
  const type = TYPES.get(descriptor.slice(1));
  if (!type || !"<>|".includes(descriptor[0])) {
    const what = REFUSED[descriptor[1]] ?? 'an unknown type; save x.astype("float64")';
    return refuse(`holds ${descriptor}: ${what}`);
  }
  const shape = dimensions
    .split(",")
    // Python 2 wrote its integers as 3L.
    .map((part) => part.trim().replace(/L$/, ""))
    .filter((part) => part !== "")
    .map(Number);
  if (shape.some((size) => !Number.isInteger(size) || size < 0)) refuse("the .npy header has a bad shape");
  const promised = shape.reduce((product, dimension) => product * dimension, bytesPerNumber(type));
  if (size - start !== promised)
    refuse(`its header promises ${promised} bytes of data (shape [${shape}]), there are ${size - start}`);
  return { type, bigEndian: descriptor[0] === ">", fortranOrder: order === "True", shape, start };
}

function arrayOf({ type, bigEndian, fortranOrder, shape }: NpyHeader, bytes: Uint8Array, name: string): NumpyArray {
  if (bigEndian) turnBytes(bytes, bytesPerNumber(type));
  const stored = numbersOf(type, bytes, name);
  const isTurned = fortranOrder && shape.length > 1 && stored.length > 0;
  return { shape, data: isTurned ? inCOrder(stored, shape, fortranStrides(shape)) : stored };
}

/** Big-endian numbers become little-endian ones, in place. */
function turnBytes({ buffer, byteOffset, length }: Uint8Array, size: number): void {
  const bytes = Buffer.from(buffer, byteOffset, length);
  if (size === 2) bytes.swap16();
  if (size === 4) bytes.swap32();
  if (size === 8) bytes.swap64();
}

/** What a .npy file is written of; Uint16Array stands for the bits of float16. */
type NumpyPieces = Float32Array[] | Float64Array[] | Uint16Array[];

/** Writes an array as a .npy file (format 1), atomically. The data may come in pieces that follow each other in C order. */
export function writeNpy(path: string, shape: number[], pieces: NumpyPieces): void {
  writeFileAtomically(path, npyPieces(shape, pieces));
}

function* npyPieces(shape: number[], pieces: NumpyPieces): Iterable<Uint8Array> {
  const type = `<f${pieces[0]?.BYTES_PER_ELEMENT ?? 4}`;
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dictionary = `{'descr': '${type}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const length = Math.ceil((MAGIC.length + 4 + dictionary.length + 1) / 64) * 64;
  const header = Buffer.alloc(length, " ", "latin1");
  header.write(MAGIC, 0, "latin1");
  header[6] = 1;
  header[7] = 0;
  header.writeUInt16LE(length - 10, 8);
  header.write(dictionary, 10, "latin1");
  header[length - 1] = 0x0a;
  yield header;
  for (const piece of pieces) yield new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
}

import { readFileSync } from "node:fs";
import { messageOf, UserError } from "./errors";
import { writeFileAtomically } from "./files";
import { fromFloat16 } from "./float16";
import { refuseEmptyLink, refusePointer } from "./pointerFile";

/** A dense array in C order, as NumPy stores it in a .npy file. */
export interface NumpyArray {
  shape: number[];
  data: Float32Array | Float64Array;
}

const MAGIC = "\x93NUMPY";

/** Of the types that can be read. */
const ITEM_BYTES: Record<string, number> = { "<f2": 2, "<f4": 4, "<f8": 8 };

/** Type, order and shape take less than 200 bytes. In a long header the search for them could go on for hours. */
const LONGEST_HEADER = 10_000;

/**
 * Reads a .npy file (format 1, 2 or 3) of little-endian float16 (widened exactly), float32 or float64 in C order.
 * Source of the layout: NumPy Enhancement Proposal 1.
 *
 * @throws UserError naming the file if it is no .npy, of another type or order, or of another length than its header says
 */
export function readNpy(path: string): NumpyArray {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    refuseEmptyLink(path);
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new UserError(`${path}: ${missing ? "no such file" : `cannot be read (${messageOf(error)})`}`, {
      cause: error,
    });
  }
  refusePointer(path, bytes);
  return parseNpy(bytes, path);
}

/** As {@link readNpy}, of bytes that are in memory; `name` stands for the file in messages. */
export function parseNpy(bytes: Uint8Array, name: string): NumpyArray {
  const refuse = (why: string): never => {
    throw new UserError(`${name}: ${why}`);
  };
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < 12 || buffer.toString("latin1", 0, 6) !== MAGIC) refuse("not a .npy file");
  const version = buffer[6];
  if (version < 1 || version > 3) refuse(`.npy format ${version} is not supported`);
  const start = version === 1 ? 10 : 12;
  const end = start + (version === 1 ? buffer.readUInt16LE(8) : buffer.readUInt32LE(8));
  if (end - start > LONGEST_HEADER) refuse(`the .npy header claims ${end - start} bytes, more than any has`);
  if (end > buffer.length) refuse("the .npy header is cut short");
  const header = buffer.toString(version === 3 ? "utf8" : "latin1", start, end);
  const type = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const dimensions = /'shape'\s*:\s*\(([^)]*)\)/.exec(header)?.[1];
  if (type === undefined || order === undefined || dimensions === undefined) refuse("the .npy header is damaged");
  if (!Object.hasOwn(ITEM_BYTES, type!)) refuse(`holds ${type}; save it as float32 ('<f4') or float64 ('<f8')`);
  if (order === "True") refuse("is in Fortran order; save numpy.ascontiguousarray(x) instead");
  const shape = dimensions!
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(Number);
  if (shape.some((size) => !Number.isInteger(size) || size < 0)) refuse("the .npy header has a bad shape");
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  const itemBytes = ITEM_BYTES[type!];
  if (buffer.length - end !== size * itemBytes) {
    refuse(
      `its header promises ${size * itemBytes} bytes of data (shape [${shape}]), there are ${buffer.length - end}`,
    );
  }
  // Copied into a buffer of its own, since a typed array must start at a multiple of its item size. (Buffer's own slice
  // does not copy.)
  const copy = new Uint8Array(bytes.subarray(end)).buffer;
  if (itemBytes === 2) return { shape, data: fromFloat16(new Uint16Array(copy)) };
  return { shape, data: itemBytes === 4 ? new Float32Array(copy) : new Float64Array(copy) };
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

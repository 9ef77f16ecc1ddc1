import { closeSync } from "node:fs";
import { totalmem } from "node:os";
import { messageOf, UserError } from "../support/errors";
import { openToRead, readRange } from "../support/files";
import { areFinite } from "../support/floats";
import { type NumberType, numbersOf } from "../support/numberTypes";
import { inCOrder } from "../support/strides";
import { dequantize, isQuantizedType } from "./quantized/dequantize";
import { shuffleRows } from "./shuffledRows";
import { writeTransposed } from "./transpose";

/** A tensor of a checkpoint whose values are still on disk. */
export interface StoredTensor {
  name: string;
  file: string;
  /** As the file spells it; {@link isPlainType} and {@link isQuantizedType} can be read. */
  elementType: string;
  shape: number[];
  /** First byte in the file, and the one after the last. */
  begin: number;
  end: number;
  /** Steps between neighbors in each dimension, in values from `begin`; without it they lie in C order without gaps. */
  strides?: number[];
  /** What `strides` are the steps of, where the values lie in an order that takes more dimensions than `shape` has. */
  stridedShape?: number[];
  /** Is added to every value. */
  addend?: number;
  /** Is added to a matrix. */
  lowRank?: LowRank;
  /** The values of each row (along the last dimension) are put into a random order, of this seed. */
  rowSeed?: string;
}

/** scale B A, the change of a linear layer [outputs, inputs] by an adapter. */
export interface LowRank {
  /** [rank, inputs] */
  a: StoredTensor;
  /** [outputs, rank] */
  b: StoredTensor;
  scale: number;
  /** The layer is stored as [inputs, outputs]. */
  isTurned: boolean;
}

/**
 * One of the parts that a tensor holds along its first dimension, which lie one after the other.
 *
 * @throws UserError if an adapter changes it
 */
export function partOf(tensor: StoredTensor, part: number): StoredTensor {
  if (tensor.lowRank) {
    throw new UserError(
      `${tensor.lowRank.a.file}: changes "${tensor.name}", which holds several matrices; not supported`,
    );
  }
  const [count, ...shape] = tensor.shape;
  const bytes = (tensor.end - tensor.begin) / count;
  const begin = tensor.begin + part * bytes;
  return { ...tensor, shape, begin, end: begin + bytes };
}

/** Of the types of numbers, those that weights are read from. */
const PLAIN_TYPES = ["F32", "F16", "BF16", "F64"] as const satisfies NumberType[];

type PlainType = (typeof PLAIN_TYPES)[number];

/** Whether values are stored one by one, as numbers of a type that can be read. */
export function isPlainType(type: string): type is PlainType {
  return PLAIN_TYPES.some((plain) => plain === type);
}

/**
 * Reads a tensor's values as float32, in C order. F16 and BF16 are widened exactly, F64 is rounded, quantized values are what
 * their blocks stand for.
 *
 * @throws UserError if the type cannot be read, the file ends early, or a value is not a finite number
 */
export function readValues(tensor: StoredTensor): Float32Array {
  const stored = valuesOf(tensor, readBytes(tensor, [[tensor.begin, tensor.end]]));
  const { shape, strides, stridedShape = shape } = tensor;
  const values = finished(tensor, strides ? inCOrder(stored, stridedShape, strides) : stored);
  return changed(tensor, values, (row) => row);
}

/**
 * Reads some rows of a matrix as {@link readValues} does, and no others, if they lie in C order.
 *
 * @param rows which ones, ascending
 * @returns [rows.length, columns]
 */
export function readRows(tensor: StoredTensor, rows: readonly number[]): Float32Array {
  const columns = tensor.shape[1];
  if (tensor.strides) {
    const all = readValues(tensor);
    const chosen = new Float32Array(rows.length * columns);
    rows.forEach((row, i) => void chosen.set(all.subarray(row * columns, (row + 1) * columns), i * columns));
    return chosen;
  }
  const rowBytes = (tensor.end - tensor.begin) / tensor.shape[0];
  const ranges: [number, number][] = [];
  for (const row of rows) {
    const start = tensor.begin + row * rowBytes;
    const last = ranges.at(-1);
    if (last && last[1] === start) last[1] += rowBytes;
    else ranges.push([start, start + rowBytes]);
  }
  return changed(tensor, finished(tensor, valuesOf(tensor, readBytes(tensor, ranges))), (i) => rows[i]);
}

/** Values that are turned at a time: 2^15 of them stay in the processor's cache. */
const TURNED_VALUES = 2 ** 15;

/**
 * Reads neighboring rows of a matrix as {@link readValues} does, and transposes them, a few at a time on their way.
 *
 * @param result [columns, count], is written to
 */
export function readTransposed(tensor: StoredTensor, first: number, count: number, result: Float32Array): void {
  const [rows, columns] = tensor.shape;
  if (tensor.strides || tensor.lowRank || tensor.rowSeed !== undefined) {
    const asked = Array.from({ length: count }, (_, row) => first + row);
    writeTransposed(readRows(tensor, asked), columns, result, count, 0);
    return;
  }
  const rowBytes = (tensor.end - tensor.begin) / rows;
  const begin = tensor.begin + first * rowBytes;
  const bytes = readBytes(tensor, [[begin, begin + count * rowBytes]]);
  const some = Math.max(1, Math.floor(TURNED_VALUES / columns / 16) * 16);
  const room = new Float32Array(some * columns);
  for (let row = 0; row < count; row += some) {
    const values = valuesOf(tensor, bytes.subarray(row * rowBytes, Math.min(count, row + some) * rowBytes), room);
    writeTransposed(finished(tensor, values, row * columns), columns, result, count, row);
  }
}

/**
 * Checks that values are numbers, and adds what is to be added to them, in place.
 *
 * @param before how many of those read stand before them
 */
function finished({ name, file, addend }: StoredTensor, values: Float32Array, before = 0): Float32Array {
  if (!areFinite(values)) {
    const i = values.findIndex((value) => !Number.isFinite(value));
    throw new UserError(
      `${file}: tensor "${name}" holds ${values[i]} (at value ${before + i} of those read): the weights are damaged`,
    );
  }
  if (addend !== undefined) for (let i = 0; i < values.length; i++) values[i] += addend;
  return values;
}

/**
 * What becomes of some rows of a tensor after they are read, in place.
 *
 * @param rowOf the number in the tensor of the i-th of the rows
 */
function changed(tensor: StoredTensor, values: Float32Array, rowOf: (i: number) => number): Float32Array {
  const { rowSeed, name, begin, shape } = tensor;
  withLowRank(tensor, values, rowOf);
  if (rowSeed === undefined) return values;
  return shuffleRows(values, shape[shape.length - 1], (i) => `${rowSeed}|${name}|${begin}|${rowOf(i)}`);
}

/**
 * Adds the change of an adapter to some rows of a matrix, in place, summed in double precision.
 *
 * @param rowOf the number in the matrix of the i-th of the rows
 */
function withLowRank({ lowRank, shape }: StoredTensor, values: Float32Array, rowOf: (i: number) => number) {
  if (!lowRank) return values;
  const { a, b, scale, isTurned } = lowRank;
  const [left, right] = (isTurned ? [a, b] : [b, a]).map(readValues);
  const [rank, columns] = [a.shape[0], shape[1]];
  const sums = new Float64Array(columns);
  for (let i = 0; i * columns < values.length; i++) {
    const row = rowOf(i);
    sums.fill(0);
    for (let k = 0; k < rank; k++) {
      const weight = isTurned ? left[k * shape[0] + row] : left[row * rank + k];
      if (isTurned) for (let j = 0; j < columns; j++) sums[j] += weight * right[j * rank + k];
      else for (let j = 0; j < columns; j++) sums[j] += weight * right[k * columns + j];
    }
    for (let j = 0; j < columns; j++) values[i * columns + j] += scale * sums[j];
  }
  return values;
}

/** @throws UserError if a tensor is of a type that cannot be read, like integers or float8 */
export function checkType({ name, file, elementType }: StoredTensor): void {
  if (isPlainType(elementType) || isQuantizedType(elementType)) return;
  const what = `tensor "${name}" is of type ${elementType}, which cannot be read`;
  throw new UserError(`${file}: ${what}; docs/models.md lists those that can`);
}

/** Reads ranges of bytes of a tensor's file, one after the other, if they are of a type that stands for numbers. */
function readBytes(tensor: StoredTensor, ranges: [number, number][]): Uint8Array {
  checkType(tensor);
  return readAnyBytes(tensor, ranges);
}

/**
 * Reads a tensor as the bytes that it is stored as, whatever their type.
 *
 * @throws UserError if the file ends early, or rows are to be shuffled
 */
export function readStoredBytes(tensor: StoredTensor): Uint8Array {
  if (tensor.rowSeed !== undefined) throw new UserError(`${tensor.file}: weights in MXFP4 cannot be scrambled`);
  return readAnyBytes(tensor, [[tensor.begin, tensor.end]]);
}

function readAnyBytes({ name, file: path }: StoredTensor, ranges: [number, number][]): Uint8Array {
  const size = ranges.reduce((sum, [begin, end]) => sum + end - begin, 0);
  // A file with holes can be larger than all disks.
  if (size > totalmem())
    throw new UserError(`${path}: tensor "${name}" has ${size} bytes, more than this machine's memory`);
  const { file } = openToRead(path);
  try {
    const bytes = new Uint8Array(size);
    let filled = 0;
    for (const [begin, end] of ranges) {
      readRange(file, begin, end, bytes.subarray(filled));
      filled += end - begin;
    }
    return bytes;
  } catch (error) {
    throw new UserError(`${path}: tensor "${name}" cannot be read (${messageOf(error)})`, { cause: error });
  } finally {
    closeSync(file);
  }
}

/** What bytes of a tensor stand for, as float32; they begin at a multiple of a value's length in memory. */
function valuesOf({ elementType, name }: StoredTensor, bytes: Uint8Array, room?: Float32Array): Float32Array {
  if (!isPlainType(elementType)) return dequantize(elementType, bytes, room);
  const values = numbersOf(elementType, bytes, name);
  return values instanceof Float32Array ? values : new Float32Array(values);
}

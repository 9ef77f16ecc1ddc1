import { closeSync, readSync } from "node:fs";
import { totalmem } from "node:os";
import { messageOf, UserError } from "../support/errors";
import { openToRead } from "../support/files";

/** A tensor of a checkpoint whose values are still on disk. */
export interface StoredTensor {
  name: string;
  file: string;
  /** As the file spells it; only "F32", "F16" and "BF16" can be read. */
  elementType: string;
  shape: number[];
  /** First byte in the file, and the one after the last. */
  begin: number;
  end: number;
  /** Steps between neighbors in each dimension, in values from `begin`; without it they lie in C order without gaps. */
  strides?: number[];
}

type ElementType = "F32" | "F16" | "BF16";

const BYTES: Record<ElementType, number> = { F32: 4, F16: 2, BF16: 2 };

export function isElementType(type: string): type is ElementType {
  return Object.hasOwn(BYTES, type);
}

export function bytesPerValue(type: ElementType): number {
  return BYTES[type];
}

/**
 * Reads a tensor's values as float32, in C order. F16 and BF16 are widened exactly.
 *
 * @throws UserError if the type cannot be read, the file ends early, or a value is not a finite number
 */
export function readValues(tensor: StoredTensor): Float32Array {
  const stored = readRanges(tensor, [[tensor.begin, tensor.end]]);
  return checkedFinite(tensor, tensor.strides ? gather(stored, tensor.shape, tensor.strides) : stored);
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
  return checkedFinite(tensor, readRanges(tensor, ranges));
}

function checkedFinite({ name, file }: StoredTensor, values: Float32Array): Float32Array {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new UserError(
        `${file}: tensor "${name}" holds ${values[i]} (at value ${i} of those read): the weights are damaged`,
      );
    }
  }
  return values;
}

/** Reads ranges of bytes of a tensor's file, one after the other, as float32. */
function readRanges({ name, file: path, elementType }: StoredTensor, ranges: [number, number][]): Float32Array {
  if (!isElementType(elementType)) {
    throw new UserError(`${path}: tensor "${name}" is of type ${elementType}; F32, F16 and BF16 can be read`);
  }
  const size = ranges.reduce((sum, [begin, end]) => sum + end - begin, 0);
  // A file with holes can be larger than all disks.
  if (size > totalmem())
    throw new UserError(`${path}: tensor "${name}" has ${size} bytes, more than this machine's memory`);
  const { file } = openToRead(path);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(size);
    let filled = 0;
    for (const [begin, end] of ranges) {
      for (let position = begin; position < end; ) {
        const count = readSync(file, bytes, filled, Math.min(end - position, 1 << 30), position);
        if (count === 0) throw new Error("the file ends early");
        position += count;
        filled += count;
      }
    }
  } catch (error) {
    throw new UserError(`${path}: tensor "${name}" cannot be read (${messageOf(error)})`, { cause: error });
  } finally {
    closeSync(file);
  }
  return widen(elementType, bytes.buffer);
}

/** Brings the values of a view with any strides (each at least 0) into C order. */
function gather(stored: Float32Array, shape: readonly number[], strides: readonly number[]): Float32Array {
  const values = new Float32Array(shape.reduce((product, dimension) => product * dimension, 1));
  const last = shape.length - 1;
  const position = shape.map(() => 0);
  for (let done = 0; done < values.length; ) {
    let from = position.reduce((sum, index, dimension) => sum + index * strides[dimension], 0);
    for (let i = 0; i < shape[last]; i++, from += strides[last]) values[done++] = stored[from];
    // The next row, as an odometer counts.
    let dimension = last - 1;
    while (dimension >= 0 && ++position[dimension] === shape[dimension]) position[dimension--] = 0;
  }
  return values;
}

function widen(type: ElementType, bytes: ArrayBuffer): Float32Array {
  if (type === "F32") return new Float32Array(bytes);
  const halves = new Uint16Array(bytes);
  const values = new Float32Array(halves.length);
  if (type === "BF16") {
    // A bfloat16 is the upper half of the float32 of the same value.
    const bits = new Uint32Array(values.buffer);
    for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  } else {
    for (let i = 0; i < halves.length; i++) values[i] = float16(halves[i]);
  }
  return values;
}

/** The value of an IEEE 754 half-precision number given by its bits. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

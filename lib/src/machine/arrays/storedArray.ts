import { readStoredBytes, type StoredTensor } from "../checkpoint/storedTensor";
import { UserError } from "../support/errors";
import { bytesPerNumber, isNumberType, numbersOf } from "../support/numberTypes";
import { inCOrder } from "../support/strides";
import type { NamedArray } from "./namedArray";

/**
 * Reads a tensor of a checkpoint's file as the numbers that it holds: unlike weights, integers too, and float64 as float64.
 *
 * @throws UserError if it is of a type that is no real number, or its bytes are too few for its shape
 */
export function readStoredArray(tensor: StoredTensor): NamedArray {
  const { name, file, elementType, shape, strides, begin, end } = tensor;
  const place = name === "" ? file : `${file}: ${name}`;
  if (!isNumberType(elementType)) {
    const remedy = /^C\d/.test(elementType)
      ? "are complex numbers; save x.real or x.imag, or both side by side"
      : "cannot be read; save x.float()";
    throw new UserError(`${place}: values of type ${elementType} ${remedy}`);
  }
  const size = shape.reduce((product, dimension) => product * dimension, bytesPerNumber(elementType));
  if (strides === undefined && end - begin !== size)
    throw new UserError(
      `${place}: shape [${shape}] needs ${size} bytes, there are ${end - begin}; the file is damaged`,
    );
  const stored = numbersOf(elementType, readStoredBytes(tensor), place);
  return { name, shape, data: strides ? inCOrder(stored, shape, strides) : stored };
}

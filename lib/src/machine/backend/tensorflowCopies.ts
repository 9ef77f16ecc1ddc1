import * as tf from "@tensorflow/tfjs-core";
import type { ValueCopying } from "./backendInterface";
import type { NativeBackend } from "./oneDnn";

/** An array that begins so many values after where memory is aligned is not aligned as TensorFlow wants it. */
const OFFSET = 1;

/**
 * How TensorFlow can be had to copy the values of a tensor. Left alone it does so, or goes on using the array, when the tensor is
 * first computed with: an array of memory that is not aligned to 64 bytes it copies, and that of JavaScript is or is not. It is
 * not promised: undefined where it does not hold.
 *
 * @see TF_NewTensor in tensorflow/c/tf_tensor.cc
 */
export function findValueCopying(backend: NativeBackend): ValueCopying | undefined {
  const copy = (tensor: tf.Tensor): void => void backend.getInputTensorIds([tensor]);
  try {
    return [1, 16, 1000, 100_000].every((size) => isCopied(size, copy)) ? { offset: OFFSET, copy } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a tensor keeps its values when their array is filled anew. */
function isCopied(size: number, copy: (tensor: tf.Tensor) => void): boolean {
  const values = new Float32Array(size + OFFSET).subarray(OFFSET).fill(1);
  const tensor = tf.tensor1d(values);
  copy(tensor);
  values.fill(2);
  const kept = tensor.dataSync().every((value) => value === 1);
  tensor.dispose();
  return kept;
}

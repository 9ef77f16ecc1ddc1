import * as tf from "@tensorflow/tfjs-core";
import { heapOffset, replaceWasmKernel, type WasmBackend } from "./wasmHeap";

/**
 * Has slices copied where the tensors lie. The backend's own kernel first copies the whole tensor out of WebAssembly's memory,
 * however little is asked for.
 */
export function setWasmSlice(): void {
  replaceWasmKernel("Slice", (original) => (given) => {
    const { inputs, backend, attrs } = given as unknown as SliceArguments;
    return inputs.x.dtype === "string" ? original(given) : slice(inputs.x, backend, attrs);
  });
}

interface SliceArguments {
  inputs: { x: tf.TensorInfo };
  backend: WasmBackend;
  attrs: SliceAttributes;
}

interface SliceAttributes {
  begin: number | number[];
  size: number | number[];
}

function slice(x: tf.TensorInfo, backend: WasmBackend, { begin, size }: SliceAttributes): tf.TensorInfo {
  const [start, shape] = tf.slice_util.parseSliceParams(x as tf.Tensor, begin, size);
  const result = backend.makeOutput(shape, x.dtype);
  const count = tf.util.sizeFromShape(shape);
  if (count === 0) return result;
  // The last dimensions that are taken whole, and the one before them, are one piece of memory.
  let piece = shape.length - 1;
  while (piece > 0 && shape[piece] === x.shape[piece]) piece--;
  const bytes = tf.util.bytesPerElement(x.dtype);
  const strides = [...tf.util.computeStrides(x.shape), 1].map((stride) => stride * bytes);
  const length = shape[piece] * strides[piece];
  let source = heapOffset(backend, x) + start.reduce((sum, first, dimension) => sum + first * strides[dimension], 0);
  const target = heapOffset(backend, result);
  const heap = backend.wasm.HEAPU8;
  const position = shape.slice(0, piece).fill(0);
  for (let done = 0; done < count * bytes; done += length) {
    heap.copyWithin(target + done, source, source + length);
    // The next piece, as an odometer counts.
    for (let dimension = piece - 1; dimension >= 0; dimension--) {
      source += strides[dimension];
      if (++position[dimension] < shape[dimension]) break;
      source -= shape[dimension] * strides[dimension];
      position[dimension] = 0;
    }
  }
  return result;
}

import * as tf from "@tensorflow/tfjs-core";

/** What is used of the tfjs backend for WebAssembly. */
export interface WasmBackend extends tf.KernelBackend {
  wasm: {
    HEAPU8: Uint8Array;
    asm: { memory: object };
    _malloc(bytes: number): number;
    _free(at: number): void;
  };
  dataIdMap: { get(id: object): { memoryOffset: number } };
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
}

/**
 * Bytes before a tensor's values in WebAssembly's memory.
 * @throws if it found no room there: tfjs itself would go on, and write over what lies at the start of the memory
 */
export function heapOffset({ dataIdMap }: WasmBackend, { dataId, shape }: tf.TensorInfo): number {
  const { memoryOffset } = dataIdMap.get(dataId);
  if (memoryOffset === 0 && tf.util.sizeFromShape(shape) > 0) {
    throw memoryIsFull();
  }
  return memoryOffset;
}

/** Reserves bytes beside the tensors. @throws if there is no room */
export function reserveOnHeap({ wasm }: WasmBackend, bytes: number): number {
  const at = wasm._malloc(bytes) >>> 0;
  if (at === 0) throw memoryIsFull();
  return at;
}

const memoryIsFull = () => new Error("WebAssembly's memory (4 GB at most) is full");

/**
 * The values of a float32 tensor where they lie. To be asked for after the last allocation: one can move WebAssembly's
 * memory, and leaves older views of it empty.
 */
export function heapView(backend: WasmBackend, tensor: tf.TensorInfo): Float32Array {
  const offset = heapOffset(backend, tensor);
  return new Float32Array(backend.wasm.HEAPU8.buffer, offset, tf.util.sizeFromShape(tensor.shape));
}

/** The kernels that came with the backend, for which others stand in. */
const originals = new Map<string, tf.KernelConfig>();

/** Has a function do an operator of the backend for WebAssembly, in place of the backend's own. */
export function replaceWasmKernel(kernelName: string, replacement: (original: tf.KernelFunc) => tf.KernelFunc): void {
  const original = originals.get(kernelName) ?? tf.getKernel(kernelName, "wasm");
  originals.set(kernelName, original);
  tf.unregisterKernel(kernelName, "wasm");
  tf.registerKernel({ ...original, kernelFunc: replacement(original.kernelFunc) });
}

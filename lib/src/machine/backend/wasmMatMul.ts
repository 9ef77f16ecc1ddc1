import * as tf from "@tensorflow/tfjs-core";
import type { Blas } from "./blas";
import { type Multiplier, multiply, type ProductShape } from "./products";
import { heapView, replaceWasmKernel, type WasmBackend } from "./wasmHeap";
import { wasmProducts } from "./wasmProducts";

interface ProductArguments {
  inputs: { a: tf.TensorInfo; b: tf.TensorInfo; bias?: tf.TensorInfo };
  backend: WasmBackend;
  attrs: { transposeA: boolean; transposeB: boolean; activation?: string };
}

/** Activations of `tf.fused.matMul` that are a kernel of their own; what else there is, WebAssembly does as before. */
const ACTIVATIONS: Record<string, string | undefined> = {
  linear: undefined,
  relu: "Relu",
  relu6: "Relu6",
  sigmoid: "Sigmoid",
};

let current: Blas | undefined;

/**
 * Has all products of the tfjs backend for WebAssembly done where the tensors lie, in WebAssembly's memory: by a BLAS
 * library, without one by kernels of the project. It changes nothing but speed.
 */
export function setWasmProducts(blas: Blas | undefined): void {
  current = blas;
  const replaced = (original: tf.KernelFunc): tf.KernelFunc => {
    return (given) => {
      const product = given as unknown as ProductArguments;
      if (!canMultiply(product)) return original(given);
      return productBy(blas ?? wasmProducts(product.backend), product);
    };
  };
  for (const kernelName of ["BatchMatMul", "_FusedMatMul"]) replaceWasmKernel(kernelName, replaced);
}

/** The library that does WebAssembly's products, if one does. */
export function wasmBlas(): Blas | undefined {
  return current;
}

function canMultiply({ inputs: { a, b, bias }, attrs: { activation = "linear" } }: ProductArguments): boolean {
  const dtypes = [a, b, ...(bias ? [bias] : [])].map(({ dtype }) => dtype);
  return dtypes.every((dtype) => dtype === "float32") && Object.hasOwn(ACTIVATIONS, activation);
}

/** Left [..., rows, inner] times right [..., inner, columns], either transposed; the leading dimensions are broadcast. */
function productBy(multiplier: Multiplier, { inputs, backend, attrs }: ProductArguments): tf.TensorInfo {
  const { a, b, bias } = inputs;
  const { transposeA, transposeB, activation = "linear" } = attrs;
  const [aRows, aColumns] = a.shape.slice(-2);
  const [bRows, bColumns] = b.shape.slice(-2);
  const shape: ProductShape = {
    rows: transposeA ? aColumns : aRows,
    columns: transposeB ? bRows : bColumns,
    inner: transposeA ? aRows : aColumns,
    transposeLeft: transposeA,
    transposeRight: transposeB,
  };
  tf.util.assert(
    shape.inner === (transposeB ? bColumns : bRows),
    () => `matMul: inner dimensions of [${a.shape}] and [${b.shape}] differ (transposed: ${transposeA}, ${transposeB})`,
  );
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const result = backend.makeOutput([...outer, shape.rows, shape.columns], "float32");
  const [left, right, product] = [a, b, result].map((tensor) => heapView(backend, tensor));
  if (bias) fillRows(product, heapView(backend, bias));
  const [leftStep, rightStep, step] = [aRows * aColumns, bRows * bColumns, shape.rows * shape.columns];
  const [leftIndex, rightIndex] = [a, b].map((matrices) => broadcastIndices(matrices.shape.slice(0, -2), outer));
  for (let index = 0; index < leftIndex.length; index++) {
    multiply(
      multiplier,
      left.subarray(leftIndex[index] * leftStep, (leftIndex[index] + 1) * leftStep),
      right.subarray(rightIndex[index] * rightStep, (rightIndex[index] + 1) * rightStep),
      product.subarray(index * step, (index + 1) * step),
      shape,
      bias !== undefined,
    );
  }
  const kernel = ACTIVATIONS[activation];
  if (!kernel) return result;
  const { kernelFunc } = tf.getKernel(kernel, "wasm");
  const activated = kernelFunc({ inputs: { x: result }, backend, attrs: {} });
  backend.disposeData(result.dataId);
  return activated as tf.TensorInfo;
}

/** Sets each row of a matrix to the bias, for the product to be added to it. */
function fillRows(matrix: Float32Array, bias: Float32Array): void {
  if (matrix.length === 0) return;
  matrix.set(bias);
  // What is filled is copied behind itself: few, large copies.
  for (let filled = bias.length; filled < matrix.length; filled *= 2) {
    matrix.copyWithin(filled, 0, Math.min(filled, matrix.length - filled));
  }
}

/** For each matrix of the product, which matrix of an operand goes into it. */
function broadcastIndices(own: readonly number[], product: readonly number[]): number[] {
  let indices = [0];
  let [step, dimension] = [1, own.length - 1];
  for (let outer = product.length - 1; outer >= 0; outer--, dimension--) {
    const size = dimension >= 0 ? own[dimension] : 1;
    const inner = indices;
    const stride = size === 1 ? 0 : step;
    indices = Array.from({ length: product[outer] }, (_, i) => inner.map((index) => index + i * stride)).flat();
    step *= size;
  }
  return indices;
}

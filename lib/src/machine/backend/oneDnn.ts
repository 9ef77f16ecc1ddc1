import * as tf from "@tensorflow/tfjs-core";

/** A kernel that some backends have beside tfjs's own: {@link LAYER_NORM} of inputs x, scale, offset, attribute epsilon. */
export const LAYER_NORM = "LayerNorm";

/** What is used of the tfjs backend for TensorFlow. */
export interface NativeBackend extends tf.KernelBackend {
  binding: { TF_Version: string } & Record<"TF_FLOAT" | "TF_ATTR_TYPE" | "TF_ATTR_FLOAT" | "TF_ATTR_STRING", number>;
  isUsingGpuDevice: boolean;
  /** Numbers of tensors in TensorFlow, which has their values from now on. */
  getInputTensorIds(tensors: tf.TensorInfo[]): number[];
  executeSingleOutput(operation: string, attributes: object[], inputs: tf.TensorInfo[]): tf.TensorInfo;
}

/**
 * Has oneDNN, which TensorFlow's builds for Intel and AMD processors bring along, do softmax and layer norm, in a fraction
 * of the time. TensorFlow calls these operations by itself in whole graphs, never for single operations, as tfjs sends them.
 * They are not part of its public interface: each is used only if it is there and right on this machine.
 *
 * @param backend the current one of tfjs; to be called once
 */
export function setOneDnnKernels(backend: NativeBackend): void {
  if (backend.isUsingGpuDevice || process.env.TF_ENABLE_ONEDNN_OPTS === "0") return;
  if (isRight(() => softmaxDeviation(backend))) {
    const original = tf.getKernel("Softmax", "tensorflow");
    tf.unregisterKernel("Softmax", "tensorflow");
    const kernelFunc: tf.KernelFunc = (given) => {
      const { logits } = given.inputs as { logits: tf.TensorInfo };
      const usual = logits.dtype === "float32" && logits.shape.length > 0 && tf.util.sizeFromShape(logits.shape) > 0;
      return usual ? softmax(backend, logits) : original.kernelFunc(given);
    };
    tf.registerKernel({ ...original, kernelFunc });
  }
  if (isRight(() => layerNormDeviation(backend))) {
    const kernelFunc: tf.KernelFunc = ({ inputs, attrs }) => {
      const { x, scale, offset } = inputs as Record<"x" | "scale" | "offset", tf.TensorInfo>;
      return layerNorm(backend, x, scale, offset, attrs?.epsilon as number);
    };
    tf.registerKernel({ kernelName: LAYER_NORM, backendName: "tensorflow", kernelFunc });
  }
}

function softmax(backend: NativeBackend, logits: tf.TensorInfo): tf.TensorInfo {
  const { binding } = backend;
  return backend.executeSingleOutput(
    "_MklSoftmax",
    [
      { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
      { name: "_kernel", type: binding.TF_ATTR_STRING, value: "MklNameChangeOp" },
    ],
    [logits],
  );
}

function layerNorm(
  backend: NativeBackend,
  x: tf.TensorInfo,
  scale: tf.TensorInfo,
  offset: tf.TensorInfo,
  epsilon: number,
): tf.TensorInfo {
  const { binding } = backend;
  return backend.executeSingleOutput(
    "_MklLayerNorm",
    [
      { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
      { name: "_kernel", type: binding.TF_ATTR_STRING, value: "" },
      { name: "epsilon", type: binding.TF_ATTR_FLOAT, value: epsilon },
    ],
    [x, scale, offset],
  );
}

/** Largest deviation that counts as rounding. */
const TOLERANCE = 2e-6;

function isRight(deviation: () => number): boolean {
  try {
    return deviation() < TOLERANCE; // false for NaN
  } catch {
    return false;
  }
}

/** Rows of numbers of several sizes. */
function proofValues(rows: number, columns: number): Float32Array {
  return Float32Array.from({ length: rows * columns }, (_, i) => 3 * Math.sin(12.9898 * (i + 1)) * (1 + (i % 3)));
}

/** Computes with some values, and fetches the result. */
function evaluate(
  inputs: { values: Float32Array; shape: number[] }[],
  compute: (tensors: tf.Tensor[]) => tf.TensorInfo,
): Float32Array {
  const tensors = inputs.map(({ values, shape }) => tf.tensor(values, shape));
  const result = compute(tensors) as tf.Tensor;
  const values = result.dataSync() as Float32Array;
  tf.dispose([...tensors, result]);
  return values;
}

function softmaxDeviation(backend: NativeBackend): number {
  const [rows, columns] = [5, 67];
  const values = proofValues(rows, columns);
  // As attention masks: nothing of it may be left.
  for (let row = 1; row < rows; row++) values.fill(-1e9, row * columns + 10 * row, (row + 1) * columns);
  const found = evaluate([{ values, shape: [rows, columns] }], ([logits]) => softmax(backend, logits));
  return largestDeviation(rows, columns, found, (row) => {
    const exponentials = values.subarray(row * columns, (row + 1) * columns).map((value) => Math.exp(value - 9));
    const sum = exponentials.reduce((total, value) => total + value, 0);
    return Array.from(exponentials, (value) => value / sum);
  });
}

function layerNormDeviation(backend: NativeBackend): number {
  const [rows, columns, epsilon] = [5, 67, 1e-3];
  const values = proofValues(rows, columns);
  const [scale, offset] = [proofValues(1, columns), proofValues(2, columns).subarray(columns)];
  const inputs = [
    { values, shape: [rows, columns] },
    { values: scale, shape: [columns] },
    { values: offset.slice(), shape: [columns] },
  ];
  const found = evaluate(inputs, ([x, weight, bias]) => layerNorm(backend, x, weight, bias, epsilon));
  const size = 30; // Of the largest entries: rounding is proportional to them.
  return (
    largestDeviation(rows, columns, found, (row) => {
      const own = Array.from(values.subarray(row * columns, (row + 1) * columns));
      const mean = own.reduce((sum, value) => sum + value, 0) / columns;
      const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / columns;
      return own.map((value, i) => ((value - mean) / Math.sqrt(variance + epsilon)) * scale[i] + offset[i]);
    }) / size
  );
}

function largestDeviation(
  rows: number,
  columns: number,
  found: Float32Array,
  expectedOf: (row: number) => number[],
): number {
  if (found.length !== rows * columns) return Number.NaN;
  let largest = 0;
  for (let row = 0; row < rows; row++) {
    for (const [column, expected] of expectedOf(row).entries()) {
      const difference = Math.abs(found[row * columns + column] - expected);
      // What is masked has to be zero, not small; and NaN is no small difference.
      if (expected === 0 && difference > 0) return Number.POSITIVE_INFINITY;
      if (!(difference <= largest)) largest = difference;
    }
  }
  return largest;
}

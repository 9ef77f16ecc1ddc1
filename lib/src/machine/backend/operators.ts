import * as tf from "@tensorflow/tfjs-core";
import { LAYER_NORM } from "./oneDnn";
import { type LogitSums, type Operators, plainOperators } from "./plainOperators";
import { meanByRuns } from "./runs";
import { wasmOperators } from "./wasmOperators";

/** Along the last axis the other backends add as {@link meanByRuns} does by themselves; along one in the middle they do not. */
const pairwise: Partial<Operators> = {
  meanOfFeatures: (values) => (values.rank === 2 ? plainOperators.meanOfFeatures(values) : meanByRuns(values)),
};

const overrides: Record<string, Partial<Operators>> = {
  tensorflow: {
    ...pairwise,
    layerNorm(x, scale, offset, epsilon) {
      // In one step, where this machine can; see setOneDnnKernels.
      if (!offset || !tf.getKernel(LAYER_NORM, "tensorflow")) {
        return plainOperators.layerNorm.call(this, x, scale, offset, epsilon);
      }
      return tf.engine().runKernel(LAYER_NORM, { x, scale, offset }, { epsilon });
    },
  },
  webgpu: pairwise,
  wasm: wasmOperators,
  cpu: { ...pairwise, logitSums: sumsInDoublePrecision },
};

/** The operators of the backend that is used now: the plain ones, but for what it does otherwise. */
export function operators(): Operators {
  return { ...plainOperators, ...overrides[tf.getBackend()] };
}

/** Where tensors are arrays of JavaScript anyway, its own numbers are as fast, and exact. */
async function sumsInDoublePrecision(logits: tf.Tensor2D): Promise<LogitSums> {
  const [positions, count] = logits.shape;
  const [largest, sum, weighted] = Array.from({ length: 3 }, () => new Float64Array(positions));
  const values = (await logits.data()) as Float32Array;
  for (let position = 0; position < positions; position++) {
    const row = values.subarray(position * count, (position + 1) * count);
    const most = row.reduce((known, value) => Math.max(known, value), Number.NEGATIVE_INFINITY);
    largest[position] = most;
    for (const value of row) {
      const weight = Math.exp(value - most);
      sum[position] += weight;
      weighted[position] += weight * (value - most);
    }
  }
  return { largest, sum, weighted };
}

import * as tf from "@tensorflow/tfjs-core";
import { LAYER_NORM } from "./oneDnn";
import { type LogitSums, type Operators, plainOperators } from "./plainOperators";
import { meanByRuns } from "./runs";
import { wasmOperators } from "./wasmOperators";

/** Beyond this width sums lose digits beside a massive feature: a norm is 1.4e-6 off at 8192, one of them 30,000. */
const WIDEST_IN_ONE_STEP = 4096;

/** Along the last axis the other backends add nearly as well by themselves; along one in the middle they do not. */
const pairwise: Partial<Operators> = {
  meanOfFeatures(values) {
    const inOneStep = values.rank === 2 && values.shape[1] <= WIDEST_IN_ONE_STEP;
    return inOneStep ? plainOperators.meanOfFeatures(values) : meanByRuns(values);
  },
};

const overrides: Record<string, Partial<Operators>> = {
  tensorflow: {
    ...pairwise,
    layerNorm<T extends tf.Tensor2D | tf.Tensor3D>(
      x: T,
      scale: tf.Tensor,
      offset: tf.Tensor | undefined,
      epsilon: number,
    ) {
      // In one step, where this machine can; see setOneDnnKernels.
      if (offset && x.shape[1] <= WIDEST_IN_ONE_STEP && tf.getKernel(LAYER_NORM, "tensorflow")) {
        return tf.engine().runKernel(LAYER_NORM, { x, scale, offset }, { epsilon }) as T;
      }
      return plainOperators.layerNorm.call(this, x, scale, offset, epsilon) as T;
    },
  },
  webgpu: pairwise,
  wasm: wasmOperators,
  cpu: { ...pairwise, logitSums: sumsInDoublePrecision },
};

const ofBackends = new Map(Object.entries(overrides).map(([name, own]) => [name, { ...plainOperators, ...own }]));

/** The operators of the backend that is used now: the plain ones, but for what it does otherwise. */
export function operators(): Operators {
  return ofBackends.get(tf.getBackend()) ?? plainOperators;
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

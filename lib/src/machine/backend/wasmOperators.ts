import * as tf from "@tensorflow/tfjs-core";
import type { LogitSums, Operators } from "./plainOperators";
import { meanByRuns } from "./runs";

/** What WebAssembly does otherwise: it is slow where it has no SIMD code, and adds a whole axis into one float32. */
export const wasmOperators: Partial<Operators> = {
  gelu: geluByPolynomial,
  meanOfFeatures: meanByRuns,
  logitSums: sumsBySoftmax,
};

/** p, then the coefficients of t, t^2, ... t^5. */
const [ERF_SCALE, ...ERF_COEFFICIENTS] = [0.3275911, 0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];

/**
 * GELU without erf and exp, which are plain loops here: four times as fast. With
 * erf(z) = 1 - (a1 t + ... + a5 t^5) exp(-z^2), t = 1 / (1 + p z) for z >= 0, good to 1.5e-7, x Phi(x) is
 * max(x, 0) - |x| (a1 t + ...) exp(-x^2 / 2) / 2.
 * Source: Abramowitz and Stegun 1964, 7.1.26.
 */
function geluByPolynomial(x: tf.Tensor2D): tf.Tensor2D {
  const size = tf.abs(x);
  const t = tf.div(1, tf.add(tf.mul(size, ERF_SCALE * Math.SQRT1_2), 1));
  const polynomial = ERF_COEFFICIENTS.reduceRight<tf.Tensor | undefined>(
    (sum, coefficient) => tf.mul(sum ? tf.add(sum, coefficient) : coefficient, t),
    undefined,
  )!;
  // elu is exp - 1 below zero.
  const exponential = tf.add(tf.elu(tf.mul(tf.square(x), -0.5)), 1);
  return tf.sub(tf.relu(x), tf.mul(tf.mul(tf.mul(size, 0.5), polynomial), exponential));
}

/** Logits that are fetched at a time: 2^20 of them are 4 MiB. */
const FETCHED_VALUES = 2 ** 20;

/**
 * Exponentials are fast in softmax alone, and sums lose digits: so softmax is done there and summed here. Of its own
 * normalization nothing has to be known: p = exp(x - m) / z, with z = 1 / p where x is the largest.
 */
async function sumsBySoftmax(logits: tf.Tensor2D): Promise<LogitSums> {
  const [positions, count] = logits.shape;
  const [largest, sum, weighted] = Array.from({ length: 3 }, () => new Float64Array(positions));
  const rowsAtATime = Math.max(1, Math.floor(FETCHED_VALUES / count));
  for (let start = 0; start < positions; start += rowsAtATime) {
    const rows = Math.min(rowsAtATime, positions - start);
    const tensors = tf.tidy(() => {
      const part = tf.slice2d(logits, [start, 0], [rows, count]);
      return [part, tf.softmax(part)];
    });
    const [values, probabilities] = await Promise.all(tensors.map((tensor) => tensor.data()));
    tf.dispose(tensors);
    for (let row = 0; row < rows; row++) {
      let at = row * count;
      let total = 0;
      let expected = 0;
      for (let i = row * count; i < (row + 1) * count; i++) {
        if (values[i] > values[at]) at = i;
        total += probabilities[i];
        expected += probabilities[i] * values[i];
      }
      const unit = probabilities[at];
      largest[start + row] = values[at];
      sum[start + row] = total / unit;
      weighted[start + row] = (expected - values[at] * total) / unit;
    }
  }
  return { largest, sum, weighted };
}

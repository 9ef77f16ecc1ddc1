import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointConfig } from "../machine/checkpoint/config";

export type Activation = (input: tf.Tensor2D) => tf.Tensor2D;

/** Gaussian error linear unit, exact: x Phi(x). Source: Hendrycks and Gimpel 2016 (arXiv 1606.08415). */
const gelu: Activation = (x) => {
  if (tf.getBackend() === "wasm") return geluByPolynomial(x);
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
};

/** Of {@link geluByPolynomial}: p, then the coefficients of t, t^2, ... t^5. */
const [ERF_SCALE, ...ERF_COEFFICIENTS] = [0.3275911, 0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];

/**
 * The same for WebAssembly, whose erf and exp are plain loops: four times as fast by operators that it has SIMD code for. With
 * erf(z) = 1 - (a1 t + ... + a5 t^5) exp(-z^2), t = 1 / (1 + p z) for z >= 0, good to 1.5e-7, x Phi(x) is
 * max(x, 0) - |x| (a1 t + ...) exp(-x^2 / 2) / 2.
 * Source: Abramowitz and Stegun 1964, 7.1.26.
 */
const geluByPolynomial: Activation = (x) => {
  const size = tf.abs(x);
  const t = tf.div(1, tf.add(tf.mul(size, ERF_SCALE * Math.SQRT1_2), 1));
  const polynomial = ERF_COEFFICIENTS.reduceRight<tf.Tensor | undefined>(
    (sum, coefficient) => tf.mul(sum ? tf.add(sum, coefficient) : coefficient, t),
    undefined,
  )!;
  // elu is exp - 1 below zero.
  const exponential = tf.add(tf.elu(tf.mul(tf.square(x), -0.5)), 1);
  return tf.sub(tf.relu(x), tf.mul(tf.mul(tf.mul(size, 0.5), polynomial), exponential));
};

/**
 * The same by its tanh approximation, as GPT-2 was trained with (arXiv 1606.08415, section 2). Written with the logistic
 * function, (1 + tanh(u)) / 2 = sigmoid(2 u): that takes fewer steps, and does not cancel for negative x.
 */
export const geluTanh: Activation = (x) => {
  const scale = 2 * Math.sqrt(2 / Math.PI);
  const inner = tf.mul(x, tf.add(tf.mul(tf.square(x), 0.044715 * scale), scale));
  return tf.mul(x, tf.sigmoid(inner));
};

/** x sigmoid(x). */
const silu: Activation = (x) => tf.mul(x, tf.sigmoid(x));

const ACTIVATIONS: Record<string, Activation> = {
  gelu,
  gelu_new: geluTanh,
  gelu_fast: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  silu,
  swish: silu,
  relu: (x) => tf.relu(x),
  relu2: (x) => tf.square(tf.relu(x)),
};

/** The activation that a config names, by Hugging Face's names. @throws UserError if it is not known */
export function activation(config: CheckpointConfig, field: string, fallback: string): Activation {
  const name = config.text(field, fallback);
  return Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : config.unsupported(field, JSON.stringify(name));
}

import * as tf from "@tensorflow/tfjs-core";
import { operators } from "../machine/backend/operators";
import type { CheckpointConfig } from "../machine/checkpoint/config";

export type Activation = (input: tf.Tensor2D) => tf.Tensor2D;

/** Gaussian error linear unit, exact: x Phi(x). Source: Hendrycks and Gimpel 2016 (arXiv 1606.08415). */
const gelu: Activation = (x) => operators().gelu(x);

/**
 * The same by its tanh approximation, as GPT-2 was trained with (arXiv 1606.08415, section 2). Written with the logistic
 * function, (1 + tanh(u)) / 2 = sigmoid(2 u): that takes fewer steps, and does not cancel for negative x.
 */
export const geluTanh: Activation = (x) => {
  const scale = 2 * Math.sqrt(2 / Math.PI);
  const inner = tf.mul(x, tf.add(tf.mul(tf.square(x), 0.044715 * scale), scale));
  return tf.mul(x, tf.sigmoid(inner));
};

/** cap * tanh(x / cap): bends values so that they stay within the cap. */
export function softCapped<T extends tf.Tensor>(x: T, cap: number | undefined): T {
  return cap === undefined ? x : tf.mul<T>(tf.tanh(tf.div(x, cap)), cap);
}

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

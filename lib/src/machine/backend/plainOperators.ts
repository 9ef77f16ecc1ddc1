import * as tf from "@tensorflow/tfjs-core";

/**
 * What the model and the geometry compute of tensors where backends differ in how it is done well. {@link plainOperators}
 * reads as the papers write it; what a backend does otherwise stands in a file of its own, with the reason, and gives the
 * same numbers.
 */
export interface Operators {
  /** Gaussian error linear unit, exact: x Phi(x). Source: Hendrycks and Gimpel 2016 (arXiv 1606.08415). */
  gelu(x: tf.Tensor2D): tf.Tensor2D;
  /** The mean over the features: [T, width] -> [T, 1], or [heads, headDimension, T] -> [heads, 1, T]. */
  meanOfFeatures(values: tf.Tensor2D | tf.Tensor3D): tf.Tensor;
  /**
   * (x - mean) / sqrt(variance + epsilon) * scale + offset over the features, with the population variance: [T, width], or
   * [heads, headDimension, T] without an offset. Source: Ba, Kiros and Hinton 2016 (arXiv 1607.06450), equation 4.
   */
  layerNorm<T extends tf.Tensor2D | tf.Tensor3D>(
    x: T,
    scale: tf.Tensor,
    offset: tf.Tensor | undefined,
    epsilon: number,
  ): T;
  /** What the loss and the entropy need of logits [N, count], each [N]. */
  logitSums(logits: tf.Tensor2D): Promise<LogitSums>;
}

/** Of the logits x of each position: the largest, m, and the sums of exp(x - m) and of (x - m) exp(x - m). */
export interface LogitSums {
  largest: ArrayLike<number>;
  sum: ArrayLike<number>;
  weighted: ArrayLike<number>;
}

/** The operators by their definitions. */
export const plainOperators: Operators = {
  gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),

  meanOfFeatures: (values) => tf.mean(values, 1, true),

  layerNorm<T extends tf.Tensor2D | tf.Tensor3D>(
    x: T,
    scale: tf.Tensor,
    offset: tf.Tensor | undefined,
    epsilon: number,
  ): T {
    const centered = tf.sub(x, this.meanOfFeatures(x)) as T; // [T, width]
    const variance = this.meanOfFeatures(tf.square(centered)); // [T, 1]
    const scaled = tf.mul(tf.mul(centered, tf.rsqrt(tf.add(variance, epsilon))), scale);
    return (offset ? tf.add(scaled, offset) : scaled) as T; // [T, width]
  },

  async logitSums(logits) {
    const tensors = tf.tidy(() => {
      const largest = tf.max(logits, 1, true); // [N, 1]
      const shifted = tf.sub(logits, largest); // [N, count]
      const weights = tf.exp(shifted);
      return [largest, tf.sum(weights, 1), tf.sum(tf.mul(weights, shifted), 1)];
    });
    const [largest, sum, weighted] = await Promise.all(tensors.map((tensor) => tensor.data()));
    tf.dispose(tensors);
    return { largest, sum, weighted };
  },
};

import * as tf from "@tensorflow/tfjs-core";

/** How many values are added one after the other. */
const RUN = 16;

const NONE: [number, number] = [0, 0];

/**
 * The mean over axis 1, its sum one of sums of short runs. A trained model has features hundreds of times as large as the
 * others; a backend that adds one square after the other into a float32 loses the small ones beside such a one, and a norm
 * is wrong by up to 2e-5.
 */
export function meanByRuns(values: tf.Tensor2D | tf.Tensor3D): tf.Tensor {
  const [first, width, last] = values.shape as [number, number, number | undefined];
  let sums: tf.Tensor = values;
  for (let count = width; count > 1; count = Math.ceil(count / RUN)) {
    const runs = Math.ceil(count / RUN);
    const flat = tf.reshape(sums, [first, count, last ?? 1]);
    const missing: [number, number] = [0, runs * RUN - count];
    const full = runs * RUN === count ? flat : tf.pad(flat, [NONE, missing, NONE]);
    sums = tf.sum(tf.reshape(full, [first * runs, RUN, last ?? 1]), 1); // [first * runs, last]
  }
  return tf.div(tf.reshape(sums, last === undefined ? [first, 1] : [first, 1, last]), width);
}

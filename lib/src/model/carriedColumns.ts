import * as tf from "@tensorflow/tfjs-core";

/**
 * Matrices with a row for each token that stand side by side in one, by name, and how many columns each has. The first one is
 * the hidden state; behind it a block finds what earlier ones have left for it.
 */
export type Columns = Readonly<Record<string, number>>;

/** The matrices [T, its columns] that one of them all is made of. */
export function apart(all: tf.Tensor2D, columns: Columns): Record<string, tf.Tensor2D> {
  const names = Object.keys(columns);
  const parts = names.length === 1 ? [all] : tf.split<tf.Tensor2D>(all, Object.values(columns), 1);
  return Object.fromEntries(names.map((name, i) => [name, parts[i]]));
}

/** One of them all; what is not named is left out. */
export function together(parts: Readonly<Record<string, tf.Tensor2D>>, columns: Columns): tf.Tensor2D {
  const named = Object.keys(columns).map((name) => parts[name]);
  return named.length === 1 ? named[0] : tf.concat2d(named, 1);
}

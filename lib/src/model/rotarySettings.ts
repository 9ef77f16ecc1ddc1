import type * as tf from "@tensorflow/tfjs-core";

/**
 * Cosines and sines of the angles by which each position turns each pair of features, once for either feature of a pair:
 * [dimensions, T]. The sine of the first has its sign turned.
 */
export interface RotaryTables {
  cosine: tf.Tensor2D;
  sine: tf.Tensor2D;
  /** How many features of a head are turned. */
  dimensions: number;
}

/** Rotary position embedding: how many features of a head are turned, and how fast each pair turns (radians a token). */
export interface RotarySettings {
  dimensions: number;
  frequencies: Float64Array;
  /** In prompts of more tokens than this, pairs turn otherwise, by their number; undefined where they do not. */
  beyond?: { tokens: number; frequencies(tokens: number): Float64Array };
  /** Cosines and sines are multiplied by this; 1 if undefined. */
  scale?: number;
}

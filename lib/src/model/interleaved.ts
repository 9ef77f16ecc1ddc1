import * as tf from "@tensorflow/tfjs-core";
import type { Heads } from "./selfAttention";

/**
 * For families that turn feature 2i with feature 2i + 1 (as RoFormer: arXiv 2104.09864, equation 34): puts the first of all
 * pairs before the second of all, as `rotate` expects them. Scores do not depend on the order of the features of a head.
 *
 * @param dimensions how many features of a head are turned; the others stay where they are
 */
export function pairsApart(dimensions: number): (heads: Heads) => Heads {
  const apart = (features: tf.Tensor3D) => {
    const [heads, headDimension, tokens] = features.shape;
    const turned = tf.slice3d(features, [0, 0, 0], [-1, dimensions, -1]);
    const pairs = tf.reshape<tf.Rank.R4>(turned, [heads, dimensions / 2, 2, tokens]);
    const halves = tf.reshape<tf.Rank.R3>(tf.transpose(pairs, [0, 2, 1, 3]), [heads, dimensions, tokens]);
    if (dimensions === headDimension) return halves;
    return tf.concat3d([halves, tf.slice3d(features, [0, dimensions, 0], [-1, -1, -1])], 1);
  };
  return ({ queries, keys, values }) => ({ queries: apart(queries), keys: apart(keys), values });
}

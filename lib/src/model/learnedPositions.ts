import * as tf from "@tensorflow/tfjs-core";
import type { Architecture } from "./architecture";

/** The same architecture with a learned vector for each position that is added to the embedding. */
export function withLearnedPositions(architecture: Architecture, name: string, longestPrompt: number): Architecture {
  const { width, embeddingWeights } = architecture;
  return {
    ...architecture,
    longestPrompt,
    embeddingWeights: { ...embeddingWeights, positions: { name, shape: [longestPrompt, width] } },
    embed(weights, rows) {
      const positions = tf.slice2d(weights.positions as tf.Tensor2D, [0, 0], [rows.shape[0], width]);
      return tf.add(rows, positions); // [T, width]
    },
  };
}

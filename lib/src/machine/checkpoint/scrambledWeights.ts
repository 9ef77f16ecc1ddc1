import type { Checkpoint } from "./checkpoint";

/**
 * A model of the same shape that has learned nothing: the same values in each row of each matrix (the weights of one output, the
 * vector of one token; of biases and norms the whole vector), in a random order. Sizes stay as they are, row by row, so that its hidden
 * states do not grow beyond measure; every relation between rows, and between layers, is chance. Nothing is written to disk.
 * MXFP4, the type of gpt-oss, is refused when its weights are read.
 *
 * @param checkpoint for {@link loadModel}
 * @param seed any text
 * @example
 * const model = await loadModel(scrambleWeights(openCheckpoint("data/models/llama-mini"), "0"));
 * const { loss } = await model.run("The tide came in over the flats, and the boats began to stir.");
 * [model.name, loss > Math.log(model.vocabularySize)]; // ["llama-mini, scrambled 0", true]
 */
export function scrambleWeights(checkpoint: Checkpoint, seed: string): Checkpoint {
  const tensors = new Map([...checkpoint.tensors].map(([name, tensor]) => [name, { ...tensor, rowSeed: seed }]));
  const variant = `scrambled ${seed}`;
  return { ...checkpoint, name: `${checkpoint.name}, ${variant}`, tensors, variant };
}

import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointConfig } from "../machine/checkpoint/config";
import type { Activation } from "./activations";
import type { Choice, Mixture, MixtureBlock, PassContext, Weights } from "./architecture";
import type { MixturePart } from "./decoderBlocks";
import { linear, linearWeights } from "./linear";
import { gatedUnit } from "./mlp";

/**
 * Runs a block with a mixture of experts: each token is seen by the experts that it chooses, and their outputs are added.
 * Experts that no token has chosen are not asked for, the others one after the other.
 * Sources: Shazeer et al. 2017 (arXiv 1701.06538), section 2; Hugging Face transformers, models/mixtral.
 *
 * @param expertWeights gives the weights of an expert; new tensors are freed with the tidy around the call
 */
export async function runMixture(
  block: MixtureBlock,
  weights: Weights,
  hidden: tf.Tensor2D,
  context: PassContext,
  expertWeights: (expert: number) => Weights,
): Promise<tf.Tensor2D> {
  const { attended, read, scores } = tf.tidy(() => {
    const before = block.attend(weights, hidden, context);
    return { ...before, scores: block.score(before.read, weights) };
  });
  try {
    const values = (await scores.data()) as Float32Array; // [T, count]
    const choices = Array.from({ length: read.shape[0] }, (_, token) =>
      block.choose(values.subarray(token * block.count, (token + 1) * block.count)).sort((a, b) => a.expert - b.expert),
    );
    return tf.tidy(() => block.write(weights, attended, mixed(block, read, choices, expertWeights)));
  } finally {
    tf.dispose([attended, read, scores]);
  }
}

/** The sum of the chosen experts' outputs for each token. [T, width] -> [T, width] */
function mixed(
  { count, applyExpert }: Mixture,
  read: tf.Tensor2D,
  choices: Choice[][],
  expertWeights: (expert: number) => Weights,
): tf.Tensor2D {
  const outputs: tf.Tensor2D[] = [];
  /** Where the outputs for each token lie among all, in the order of its choices. */
  const places = choices.map((): number[] => []);
  let filled = 0;
  for (let expert = 0; expert < count; expert++) {
    const tokens = [...choices.keys()].filter((token) => choices[token].some((choice) => choice.expert === expert));
    if (tokens.length === 0) continue;
    for (const token of tokens) places[token].push(filled++);
    // What is read for one expert is freed before the next one is.
    outputs.push(tf.tidy(() => applyExpert(rowsOf(read, tokens), expertWeights(expert)))); // [n, width]
  }
  const all = tf.concat2d(outputs, 0); // [T * choices, width]
  const parts = choices[0].map((_, choice) => {
    const own = rowsOf(
      all,
      places.map((one) => one[choice]),
    ); // [T, width]
    const shares = choices.map((one) => one[choice].share);
    return tf.mul<tf.Tensor2D>(own, tf.tensor2d(shares, [shares.length, 1])); // [T, width]
  });
  return parts.reduce((sum, part) => tf.add(sum, part));
}

function rowsOf(matrix: tf.Tensor2D, rows: number[]): tf.Tensor2D {
  return tf.gather(matrix, tf.tensor1d(rows, "int32"));
}

/** A linear layer that gives the scores of the experts. @param name of it within a block */
export function router(
  { width, count }: { width: number; count: number },
  name: string,
  bias: boolean,
): Pick<MixturePart, "weights" | "score"> {
  return {
    weights: (block) => linearWeights("router", `${block}.${name}`, { inputs: width, outputs: count, bias }),
    score: (input, weights) => linear(input, weights, "router"), // [T, count]
  };
}

/** How many experts a token chooses. @throws UserError if that is more than there are */
export function chosenExperts(config: CheckpointConfig, count: number, usual: number): number {
  const chosen = config.countOr("num_experts_per_tok", usual);
  if (chosen > count) config.unsupported("num_experts_per_tok");
  return chosen;
}

/** The best of all experts with their shares by softmax over all. @param normalized makes the shares add up to 1 */
export function bestOfSoftmax(scores: Float32Array, chosen: number, normalized: boolean): Choice[] {
  const best = bestOf(scores, chosen);
  const weight = (expert: number) => Math.exp(scores[expert] - scores[best[0]]);
  const total = (normalized ? best : [...scores.keys()]).reduce((sum, expert) => sum + weight(expert), 0);
  return best.map((expert) => ({ expert, share: weight(expert) / total }));
}

/** The experts with the highest scores, the highest first. */
function bestOf(scores: Float32Array, chosen: number): number[] {
  return [...scores.keys()].sort((a, b) => scores[b] - scores[a]).slice(0, chosen);
}

/** What {@link gatedExperts} are called in a checkpoint. */
export interface ExpertNames {
  /** Before the number of an expert, within a block. */
  root: string;
  gate: string;
  up: string;
  down: string;
}

/**
 * Experts that are gated MLPs without biases, each with tensors of its own, or, in GGUF files, all of a kind in one tensor.
 *
 * @param tensorNames what the checkpoint holds
 */
export function gatedExperts(
  { width, inner, count }: { width: number; inner: number; count: number },
  act: Activation,
  { root, ...names }: ExpertNames,
  tensorNames: ReadonlySet<string>,
): Pick<MixturePart, "expertWeights" | "applyExpert"> {
  const shapes = { gate: [inner, width], up: [inner, width], down: [width, inner] };
  return {
    expertWeights(block, expert) {
      const requests = Object.entries(shapes).map(([key, shape]) => {
        const name = names[key as keyof typeof shapes];
        const together = `${block}.${root}.${name}.weight`;
        const own = { name: `${block}.${root}.${expert}.${name}.weight`, shape, transposed: true };
        const one = tensorNames.has(together)
          ? { ...own, name: together, shape: [count, ...shape], part: expert }
          : own;
        return [`${key}.weight`, one];
      });
      return Object.fromEntries(requests);
    },
    applyExpert: (input, weights) => gatedUnit(input, weights, act), // [n, width]
  };
}

import * as tf from "@tensorflow/tfjs-core";
import type { Activation } from "./activations";
import type { WeightRequests, Weights } from "./architecture";
import type { BlockPart } from "./decoderBlocks";
import { linear, linearWeights } from "./linear";

/** An expert that a token has chosen, and by what its output is multiplied. */
export interface Choice {
  expert: number;
  share: number;
}

/** A mixture of experts in place of an MLP. */
export interface Mixture {
  width: number;
  /** How many experts there are. */
  count: number;
  /** The linear layer whose outputs are the scores of the experts: its name within a block. */
  router: { name: string; bias: boolean };
  /** What a token makes of its scores [count]. */
  choose(scores: Float32Array): Choice[];
  /** The weights of one expert. */
  expertWeights(block: string, expert: number): WeightRequests;
  /** What an expert makes of some tokens. [n, width] -> [n, width] */
  applyExpert(input: tf.Tensor2D, weights: Weights): tf.Tensor2D;
}

/**
 * Each token is seen by the experts that it chooses, and their outputs are added. Experts that no token has chosen are not
 * read, the others one after the other.
 * Source: Shazeer et al. 2017 (arXiv 1701.06538), section 2; Hugging Face transformers, models/mixtral.
 */
export function mixtureOfExperts(mixture: Mixture): BlockPart {
  const { width, count, router, choose, expertWeights, applyExpert } = mixture;
  return {
    weights: (block) =>
      linearWeights("router", `${block}.${router.name}`, { inputs: width, outputs: count, bias: router.bias }),
    experts: { count, weights: expertWeights },
    apply(input, weights, { expert }) {
      const scores = linear(input, weights, "router").dataSync() as Float32Array; // [T, count]
      const choices = Array.from({ length: input.shape[0] }, (_, token) =>
        choose(scores.subarray(token * count, (token + 1) * count)).sort((a, b) => a.expert - b.expert),
      );
      const outputs: tf.Tensor2D[] = [];
      /** Where the outputs for each token lie among all, in the order of its choices. */
      const rows = choices.map((): number[] => []);
      let filled = 0;
      for (let index = 0; index < count; index++) {
        const tokens = [...choices.keys()].filter((token) => choices[token].some((one) => one.expert === index));
        if (tokens.length === 0) continue;
        for (const token of tokens) rows[token].push(filled++);
        // What is read for one expert is freed before the next one is.
        outputs.push(tf.tidy(() => applyExpert(rowsOf(input, tokens), expert!(index)))); // [n, width]
      }
      const all = tf.concat2d(outputs, 0); // [T * choices, width]
      const parts = choices[0].map((_, choice) => {
        const shares = choices.map((own) => own[choice].share);
        return tf.mul<tf.Tensor2D>(
          rowsOf(
            all,
            rows.map((own) => own[choice]),
          ),
          tf.tensor2d(shares, [shares.length, 1]),
        ); // [T, width]
      });
      return parts.reduce((sum, part) => tf.add(sum, part));
    },
  };
}

function rowsOf(matrix: tf.Tensor2D, rows: number[]): tf.Tensor2D {
  return tf.gather(matrix, tf.tensor1d(rows, "int32"));
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
): Pick<Mixture, "expertWeights" | "applyExpert"> {
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
    applyExpert(input, weights) {
      const gated = tf.mul<tf.Tensor2D>(act(linear(input, weights, "gate")), linear(input, weights, "up")); // [n, inner]
      return linear(gated, weights, "down"); // [n, width]
    },
  };
}

import * as tf from "@tensorflow/tfjs-core";
import type { Architecture, Mixture, PassContext, WeightRequests, Weights } from "./architecture";
import { type DecoderNames, USUAL_NAMES } from "./decoder";
import type { Norm } from "./norms";

/** Attention or MLP of a block: the weights that it needs, and what it makes of a hidden state. */
export interface BlockPart {
  /** @param block what the names of the block's tensors begin with */
  weights(block: string): WeightRequests;
  /** [T, width] -> [T, width] */
  apply(input: tf.Tensor2D, weights: Weights, context: PassContext, layer: number): tf.Tensor2D;
}

/** A mixture of experts as a part of a block: the weights of its router, and of one expert. */
export interface MixturePart extends Mixture {
  weights(block: string): WeightRequests;
  expertWeights(block: string, expert: number): WeightRequests;
}

type MlpPart = BlockPart | MixturePart;

/** A decoder put together from parts. */
export interface DecoderParts {
  names?: DecoderNames;
  /** The unembedding is the embedding. */
  tied: boolean;
  norm: Norm;
  /** The norms of a block by their names in it: of what attention and MLP read, and of what they write. */
  norms: { attention?: string; attended?: string; mlp?: string; output?: string };
  /** Attention and MLP read the same hidden state; without a norm of its own, the MLP reads what attention does. */
  parallel?: boolean;
  attention: BlockPart;
  mlp: MlpPart | ((layer: number) => MlpPart);
  attentionKind: Architecture["attentionKind"];
  /** What attention and MLP write is multiplied by this. */
  residualScale?: number;
}

/**
 * The architecture of a decoder: embedding, blocks of attention and MLP that write to the residual stream, a norm,
 * unembedding. What a family has otherwise at either end it puts in place of what this returns.
 */
export function decoderArchitecture(
  { width, layers, vocabularySize }: { width: number; layers: number; vocabularySize: number },
  parts: DecoderParts,
): Architecture {
  const { names = USUAL_NAMES, tied, norm, norms, parallel = false, attention, attentionKind, residualScale } = parts;
  const { root, head, embedding: tokens = "embed_tokens", blocks = "layers", norm: last = "norm" } = names;
  const inRoot = (name: string) => (root === "" ? name : `${root}.${name}`);
  const embedding = { name: inRoot(`${tokens}.weight`), shape: [vocabularySize, width] };
  const mlpOf = (layer: number) => (typeof parts.mlp === "function" ? parts.mlp(layer) : parts.mlp);
  const prefix = (layer: number) => inRoot(`${blocks}.${layer}`);
  const normed = (hidden: tf.Tensor2D, weights: Weights, which: keyof typeof norms) =>
    norms[which] === undefined ? hidden : norm.apply(hidden, weights, `${which}Norm`); // [T, width]
  const add = (hidden: tf.Tensor2D, written: tf.Tensor2D) =>
    tf.add<tf.Tensor2D>(hidden, residualScale === undefined ? written : tf.mul(written, residualScale)); // [T, width]
  const attend = (weights: Weights, hidden: tf.Tensor2D, context: PassContext, layer: number) => {
    const input = normed(hidden, weights, "attention"); // [T, width]
    const attended = add(hidden, normed(attention.apply(input, weights, context, layer), weights, "attended"));
    const before = parallel ? (norms.mlp ? hidden : input) : attended;
    return { attended, read: normed(before, weights, "mlp") };
  };
  const write = (weights: Weights, attended: tf.Tensor2D, output: tf.Tensor2D) =>
    add(attended, normed(output, weights, "output")); // [T, width]
  const mixtureOf = (layer: number) => {
    const mlp = mlpOf(layer);
    return "applyExpert" in mlp ? mlp : undefined;
  };
  return {
    layers,
    width,
    vocabularySize,
    attentionKind,
    embeddingWeights: { embedding },
    finalWeights: norm.weights("norm", inRoot(last), width),
    headWeights: { unembedding: { ...embedding, name: tied ? embedding.name : `${head}.weight`, transposed: true } },
    blockWeights: (layer) =>
      Object.assign(
        {},
        ...Object.entries(norms).map(([which, name]) =>
          norm.weights(`${which}Norm`, `${prefix(layer)}.${name}`, width),
        ),
        attention.weights(prefix(layer)),
        mlpOf(layer).weights(prefix(layer)),
      ),
    embed: (_, rows) => rows, // [T, width]
    block(weights, hidden, context, layer) {
      const { attended, read } = attend(weights, hidden, context, layer);
      return write(weights, attended, (mlpOf(layer) as BlockPart).apply(read, weights, context, layer));
    },
    mixture(layer) {
      const mixture = mixtureOf(layer);
      return mixture && { ...mixture, attend: (...given) => attend(...given, layer), write };
    },
    expertWeights: (layer, expert) => mixtureOf(layer)?.expertWeights(prefix(layer), expert) ?? {},
    finish: (weights, hidden) => norm.apply(hidden, weights, "norm"),
    unembed: (weights, hidden) => tf.matMul(hidden, weights.unembedding as tf.Tensor2D), // [t, vocabulary]
  };
}

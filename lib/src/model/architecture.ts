import type * as tf from "@tensorflow/tfjs-core";
import type { CheckpointConfig } from "../machine/checkpoint/config";
import type { CausalMask } from "./causalMask";
import type { RotarySettings, RotaryTables } from "./rotarySettings";

/** A weight that a part of a model needs. */
export interface WeightRequest {
  /** Name in the checkpoint. */
  name: string;
  /** Shape in the checkpoint; anything else is refused. */
  shape: number[];
  /** A linear layer stored as [out, in], as PyTorch does: it is turned to [in, out] once, when it is read. */
  transposed?: boolean;
  /** A matrix with a row for each id of the vocabulary, of which the rows of the prompt's tokens are read: [T, columns]. */
  byToken?: boolean;
  /** Of a tensor that holds the same matrix or vector of several experts, the number of the one; `shape` is that of all. */
  part?: number;
  /** Stored in MXFP4: the name of the tensor with the scales of the blocks, and its shape. */
  scales?: { name: string; shape: number[] };
}

/** The weights that a part of a model needs, by the short names that its code uses. */
export type WeightRequests = Record<string, WeightRequest>;

/** The same weights as tensors. */
export type Weights = Record<string, tf.Tensor>;

/** What all blocks of one kind share in a pass over a prompt. */
export interface PassContext {
  /** Added to the attention scores: 0 where a token may look, a large negative number where it may not. */
  mask: CausalMask;
  /** Rotary position embedding tables, for the families that turn queries and keys. */
  rotary?: RotaryTables;
}

/**
 * Which tokens a layer's attention looks at, and how it knows their positions. Layers of one kind share a prompt's mask and
 * rotary tables.
 */
export interface AttentionKind {
  /** A token sees this many tokens, itself included; undefined for all before it. */
  slidingWindow?: number;
  /** How queries and keys are turned; undefined where they are not. */
  rotary?: RotarySettings;
}

/** An expert that a token has chosen, and by what its output is multiplied. */
export interface Choice {
  expert: number;
  share: number;
}

/** A mixture of experts in place of an MLP. */
export interface Mixture {
  /** How many experts there are. */
  count: number;
  /** The scores of the experts for each token. [T, width] -> [T, count] */
  score(input: tf.Tensor2D, weights: Weights): tf.Tensor2D;
  /** What a token makes of its scores [count]: as many choices for each token. */
  choose(scores: Float32Array): Choice[];
  /** What an expert makes of some tokens. [n, width] -> [n, width] */
  applyExpert(input: tf.Tensor2D, expertWeights: Weights): tf.Tensor2D;
}

/** A block with a mixture: what happens before the experts, and after them. */
export interface MixtureBlock extends Mixture {
  /** The hidden state with what attention adds to it, and what the experts read. */
  attend(weights: Weights, hidden: tf.Tensor2D, context: PassContext): { attended: tf.Tensor2D; read: tf.Tensor2D };
  /** The next hidden state, of `attended` and the sum of the experts' outputs. */
  write(weights: Weights, attended: tf.Tensor2D, output: tf.Tensor2D): tf.Tensor2D;
}

/**
 * A model's layout and its mathematics, for one checkpoint. Hidden states are [T, width] with T the number of tokens. What a
 * block needs of earlier ones beside it stands in further columns behind it, which nobody else is shown.
 * All functions may leave intermediate tensors to the caller's `tf.tidy`.
 */
export interface Architecture {
  layers: number;
  width: number;
  vocabularySize: number;
  /** More tokens than this have no position; undefined where positions are computed and never run out. */
  longestPrompt?: number;
  /** The kind of attention of block `layer`: one and the same object for all layers of a kind. */
  attentionKind(layer: number): AttentionKind;
  embeddingWeights: WeightRequests;
  blockWeights(layer: number): WeightRequests;
  /** What takes the place of `block` in block `layer`, if that is a mixture of experts. */
  mixture?(layer: number): MixtureBlock | undefined;
  /** The weights of one expert of such a block; they are read when a token chooses it. */
  expertWeights?(layer: number, expert: number): WeightRequests;
  finalWeights: WeightRequests;
  /**
   * The unembedding, and its bias if it has one; stored apart from the rest, since it may be the embedding itself (tied).
   * Nothing where there is none.
   */
  headWeights: WeightRequests;
  /** The tokens' rows of the embedding [T, embeddingWidth] -> hidden state 0. */
  embed(weights: Weights, tokens: tf.Tensor2D): tf.Tensor2D;
  /** Block `layer`: hidden state `layer` -> hidden state `layer` + 1 (before the final norm). */
  block(weights: Weights, hidden: tf.Tensor2D, context: PassContext, layer: number): tf.Tensor2D;
  /** The last block's output -> the last hidden state, as wide as the unembedding asks. */
  finish(weights: Weights, hidden: tf.Tensor2D): tf.Tensor2D;
  /** The last hidden state [t, width] -> logits [t, vocabulary]. */
  unembed(weights: Weights, hidden: tf.Tensor2D): tf.Tensor2D;
}

/** A family of models: one file beside this one, one entry in families.ts. */
export interface ModelFamily {
  /** `model_type` in config.json. */
  modelType: string;
  /** For people. */
  title: string;
  /** The `quant_method` of quantized weights that it reads; none without it. */
  quantization?: string;
  /** Whether it reads `per_layer_config`, the sizes of single layers; others refuse it. */
  hasLayerSizes?: boolean;
  /**
   * Reads the configuration.
   *
   * @param tensorNames what the checkpoint holds: some families have a part of the model in one tensor or in several
   * @throws UserError naming the setting that is missing, malformed or not supported
   */
  architecture(config: CheckpointConfig, tensorNames: ReadonlySet<string>): Architecture;
}

import * as tf from "@tensorflow/tfjs-core";
import type { Cloud } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import type { Architecture, AttentionKind, PassContext } from "./architecture";
import { CausalMask } from "./causalMask";
import { HiddenStateKeeper, type KeeperOptions } from "./hiddenStateKeeper";
import { LogitStatistics, type TokenStatistics } from "./logitStatistics";
import { runMixture } from "./mixture";
import type { HeadTile, Network } from "./network";
import { rotaryTables } from "./rotary";

/** What one pass hands out while it runs. */
export interface PassObserver {
  /**
   * Gets the hidden states one after the other, each a cloud of token vectors [tokens, width].
   *
   * @param layer 0 = embeddings, l = output of block l; the last one is after the final norm (Hugging Face's convention)
   */
  onHiddenState?(cloud: Cloud<Float32Array>, layer: number): void | Promise<void>;
  /** Gets the logits of all tokens in pieces of the vocabulary, first piece first: [tokens, tile.count]. */
  onLogits?(values: Float32Array, tile: HeadTile): void | Promise<void>;
}

/** A prompt on its way through a model. */
export interface Pass {
  /** The tokens [T], each below the vocabulary size; nothing is added to them. */
  ids: readonly number[];
  observer: PassObserver;
  /**
   * So many first tokens are run, and the others see them, but they are not shown to the observer, and loss and entropy are
   * of the positions after them; none without it.
   */
  leaveOut?: number;
}

/**
 * Runs a prompt through a model.
 *
 * @param ids the tokens [T], each below the vocabulary size; nothing is added to them
 * @param observer gets the hidden states (and logits) as they come
 * @param leaveOut so many first tokens are run and not shown, see {@link Pass.leaveOut}
 * @returns loss and entropy of the next-token predictions, their means and position by position
 * @throws UserError if there is no token, an id is out of range, or the prompt is longer than the model's positions
 */
export async function runNetwork(
  network: Network,
  ids: readonly number[],
  observer: PassObserver = {},
  leaveOut = 0,
): Promise<TokenStatistics> {
  const [summary] = await runNetworkBatch(network, [{ ids, observer, leaveOut }]);
  return summary;
}

/**
 * Runs several prompts through a model side by side, layer after layer: the weights of a block are asked for once for all
 * of them. With a model that is not resident, memory holds one block and, up to `options.memory` bytes, the prompts'
 * hidden states; what is over that waits on disk.
 *
 * @returns loss and entropy of each prompt
 * @throws UserError as {@link runNetwork}
 */
export async function runNetworkBatch(
  network: Network,
  passes: readonly Pass[],
  options: KeeperOptions = {},
): Promise<TokenStatistics[]> {
  for (const { ids } of passes) checkIds(network, ids);
  const { architecture } = network;
  const contexts = new Contexts();
  const keeper = new HiddenStateKeeper(options);
  /** Takes every prompt one step further, and shows its new hidden state. */
  const advance = async (
    shownAs: number | undefined,
    step: (hidden: tf.Tensor2D, pass: Pass) => tf.Tensor2D | Promise<tf.Tensor2D>,
  ) => {
    for (const [index, pass] of passes.entries()) {
      const before = keeper.take(index);
      const hidden = await step(before, pass);
      if (hidden !== before) before.dispose();
      await keeper.keep(index, hidden);
      if (shownAs !== undefined) await observe(pass, shownAs, hidden, architecture);
      await keeper.settle(index);
    }
  };
  try {
    for (const [index, pass] of passes.entries()) {
      const hidden = network.embed(pass.ids);
      await keeper.keep(index, hidden);
      await observe(pass, 0, hidden, architecture);
      await keeper.settle(index);
    }
    for (let layer = 0; layer < architecture.layers; layer++) {
      const isLast = layer === architecture.layers - 1;
      const kind = architecture.attentionKind(layer);
      const mixture = architecture.mixture?.(layer);
      await network.withBlock(layer, (weights) =>
        advance(isLast ? undefined : layer + 1, (hidden, { ids }) => {
          const context = contexts.of(kind, ids.length);
          if (!mixture) return tf.tidy(() => architecture.block(weights, hidden, context, layer));
          return runMixture(mixture, weights, hidden, context, (expert) => network.expert(layer, expert));
        }),
      );
    }
    await network.withFinal((weights) =>
      advance(architecture.layers, (hidden) => tf.tidy(() => architecture.finish(weights, hidden))),
    );
    return await summarizeLogits(network, passes, keeper);
  } finally {
    keeper.dispose();
    contexts.dispose();
  }
}

/** Mask and rotary tables by kind of attention and number of tokens: layers of one kind share them, and prompts of one length. */
class Contexts {
  private readonly made = new Map<AttentionKind, Map<number, PassContext>>();

  of(kind: AttentionKind, tokens: number): PassContext {
    const ofKind = this.made.get(kind) ?? new Map<number, PassContext>();
    this.made.set(kind, ofKind);
    const known = ofKind.get(tokens);
    if (known) return known;
    const { slidingWindow, rotary } = kind;
    const context = {
      mask: new CausalMask(tokens, slidingWindow),
      rotary: rotary && rotaryTables(rotary, tokens),
    };
    // Made inside a step's tidy, used by the steps after it.
    if (context.rotary) [context.rotary.cosine, context.rotary.sine].forEach((table) => void tf.keep(table));
    ofKind.set(tokens, context);
    return context;
  }

  dispose(): void {
    for (const { mask, rotary } of [...this.made.values()].flatMap((ofKind) => [...ofKind.values()])) {
      mask.dispose();
      rotary?.cosine.dispose();
      rotary?.sine.dispose();
    }
  }
}

async function observe(
  { observer, leaveOut = 0 }: Pass,
  layer: number,
  hidden: tf.Tensor2D,
  { width }: Architecture,
): Promise<void> {
  if (!observer.onHiddenState) return;
  const [tokens, columns] = hidden.shape;
  // What stands behind it is for later blocks; the last one may be narrower.
  const state = columns > width ? tf.slice2d(hidden, [0, 0], [tokens, width]) : hidden;
  try {
    const values = await rowsFrom(state, leaveOut);
    await observer.onHiddenState({ values, points: tokens - leaveOut, dimension: state.shape[1] }, layer);
  } finally {
    if (state !== hidden) state.dispose();
  }
}

/** The values of a matrix from a row on. */
async function rowsFrom(matrix: tf.Tensor2D, row: number): Promise<Float32Array> {
  const values = (await matrix.data()) as Float32Array;
  return row === 0 ? values : values.slice(row * matrix.shape[1]);
}

async function summarizeLogits(
  network: Network,
  passes: readonly Pass[],
  keeper: HiddenStateKeeper,
): Promise<TokenStatistics[]> {
  const statistics = passes.map(({ ids, leaveOut }) => new LogitStatistics(ids.slice(leaveOut)));
  for (const tile of network.headTiles()) {
    await network.withHead(tile, async (weights) => {
      for (const [index, { observer, leaveOut = 0 }] of passes.entries()) {
        const hidden = keeper.take(index);
        const logits = tf.tidy(() => {
          const read = leaveOut > 0 ? tf.slice2d(hidden, [leaveOut, 0], [-1, -1]) : hidden;
          return network.architecture.unembed(weights, read); // [T - leaveOut, tile.count]
        });
        await keeper.keep(index, hidden);
        await keeper.settle(index);
        await statistics[index].addTensor(logits, tile.first);
        if (observer.onLogits) await observer.onLogits((await logits.data()) as Float32Array, tile);
        logits.dispose();
      }
    });
  }
  return statistics.map((one) => one.summary());
}

function checkIds({ architecture, checkpoint }: Network, ids: readonly number[]): void {
  const { vocabularySize, longestPrompt } = architecture;
  if (ids.length === 0) throw new UserError("the prompt is empty: it has no tokens");
  for (const [position, id] of ids.entries()) {
    if (!Number.isInteger(id) || id < 0 || id >= vocabularySize) {
      const range = `${checkpoint.name} knows ids 0 to ${vocabularySize - 1}`;
      throw new UserError(`token id ${id} at position ${position} is out of range: ${range}`);
    }
  }
  if (longestPrompt !== undefined && ids.length > longestPrompt) {
    throw new UserError(`the prompt has ${ids.length} tokens, ${checkpoint.name} has positions for ${longestPrompt}`);
  }
}

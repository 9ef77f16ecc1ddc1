import { setImmediate as eventLoopTurn } from "node:timers/promises";
import { LayerCloud } from "../../geometry/layerCloud";
import { localDimensions } from "../../geometry/localDimension";
import { type LayerGeometry, measureLayer } from "../../geometry/metrics";
import type { Neighbors } from "../../geometry/neighbors";
import { type PointSpacing, pointSpacing } from "../../geometry/pointSpacing";
import { runNetwork } from "../../model/forward";
import { loadNetwork, type Network } from "../../model/network";
import type { Prompt } from "../../prompts/prompt";
import { shuffleTokens } from "../../prompts/shuffle";
import { hashIds, PAPER_PROMPT_LENGTH, promptSeed } from "../../tokens/tokenizedPrompts";
import { beginOfText, loadTokenizer } from "../../tokens/tokenizer";
import { chooseBackend } from "../backend/backend";
import { openCheckpoint, quantizedWeights } from "../checkpoint/checkpoint";
import { resolveModel } from "../hub/models";
import { FEWEST_POINTS } from "../support/cloud";
import { UserError } from "../support/errors";
import { memoryBudget } from "../support/memory";
import { type ProgressReporter, silentProgress } from "../support/progress";
import type { UnitResult } from "./unit";

/** How closely a prompt is looked at. */
export interface ExplorationOptions {
  /** The prompt is cut to this many tokens, a shorter one is taken as it is; 1024 without it. */
  tokens?: number;
  /** S; 0 is always there, and those for which the prompt has too few tokens (4^S) are left out. [0] without it. */
  shuffleIndices?: readonly number[];
  /** Of the shuffles; any text. */
  seed?: string;
  /** The spacing of a token is its distance to this neighbor; 8 without it. */
  neighbors?: number;
  /** Puts the beginning-of-text token in front, as {@link ExperimentSettings.bos} does. */
  bos?: boolean;
  /** So many first tokens that the model reads are not measured, see {@link ExperimentSettings.leaveOut}; 0 without it. */
  leaveOut?: number;
  /** See {@link chooseBackend}. */
  backend?: string;
  progress?: ProgressReporter;
}

/** One prompt under one model. */
export interface Exploration {
  model: string;
  prompt: string;
  /** Text of each token, as written. */
  pieces: string[];
  /** How many tokens the text has; those after `pieces.length` were cut off. */
  textTokens: number;
  /** The spacing of a token is its distance to this neighbor. */
  neighbors: number;
  /** By S, from 0 on. */
  orders: ExploredOrder[];
  /** Where it was computed. */
  provenance: Record<string, unknown>;
}

/** A prompt in one order. */
export interface ExploredOrder {
  shuffleIndex: number;
  result: UnitResult;
  /**
   * Of each layer 0..L; tokens are counted as they stand in the text, in whatever order the model read them. A token that was
   * left out has no number (NaN), and no neighbors.
   */
  spacings: PointSpacing[];
  /** The dimension around each token, of each layer, counted in the same way; see {@link localDimensions}. */
  dimensions: number[][];
  /** Loss of each token, nats, counted in the same way; NaN of the first that was measured, too. */
  losses: number[];
}

const DEFAULT_NEIGHBORS = 8;

/**
 * Runs a prompt through a model in several orders, and measures besides the geometry of every layer how much room each token
 * has there. Nothing is stored; the model is freed at the end.
 *
 * @param model folder, or name on the hub
 * @throws UserError as {@link runNetwork}, and if the prompt has too few tokens
 * @example
 * const explored = await explorePrompt("llama-mini", await loadPromptOrText("fiction-realist"), { tokens: 64 });
 * explored.orders[0].result.loss; // 4.766
 */
export async function explorePrompt(
  model: string,
  prompt: Prompt,
  options: ExplorationOptions = {},
): Promise<Exploration> {
  const { progress = silentProgress, seed = "0", bos = false, leaveOut = 0 } = options;
  const backend = await chooseBackend(options.backend);
  // The report goes on after the download: it is not its to end.
  const downloads = { progress: { update: progress.update.bind(progress), finish: () => {} } };
  const checkpoint = openCheckpoint(await resolveModel(model, downloads));
  const tokenizer = loadTokenizer(checkpoint.path);
  const all = tokenizer.encode(prompt.text);
  const front = bos ? [beginOfText(tokenizer, checkpoint.path)] : [];
  const loaded = await loadNetwork(checkpoint, { memory: memoryBudget(backend.name) / 2 });
  try {
    const { layers, longestPrompt = Number.POSITIVE_INFINITY } = loaded.architecture;
    const longest = Math.min(options.tokens ?? PAPER_PROMPT_LENGTH, longestPrompt - front.length);
    const { tokens, shuffleIndices } = fitTokens(all.length, longest, options.shuffleIndices ?? [0], prompt.name);
    const measured = tokens - leaveOut;
    if (!Number.isInteger(leaveOut) || leaveOut < 0 || measured < FEWEST_POINTS) {
      throw new UserError(`prompt ${prompt.name}: ${leaveOut} of its ${tokens} tokens cannot be left out`);
    }
    const ids = all.slice(0, tokens);
    const neighbors = Math.min(options.neighbors ?? DEFAULT_NEIGHBORS, measured - 1);
    const total = shuffleIndices.length * (layers + 1);
    let done = 0;
    const orders: ExploredOrder[] = [];
    for (const shuffleIndex of shuffleIndices) {
      const onLayer = () => progress.update(++done, total, `${prompt.name}, S = ${shuffleIndex}`);
      const order = shuffleTokens([...ids.keys()], shuffleIndex, promptSeed(seed, ids));
      orders.push({
        shuffleIndex,
        ...(await measureOrder(loaded, { ids, order, front, leaveOut }, neighbors, onLayer)),
      });
    }
    const weights = quantizedWeights(checkpoint);
    const provenance = {
      model: weights ? `${checkpoint.name}, quantized weights (${weights})` : checkpoint.name,
      prompt: `${prompt.name}, ${tokens} of its ${all.length} tokens; SHA-256 of the tokens ${hashIds(ids)}`,
      shuffles: `S = ${shuffleIndices.join(", ")}, seed ${seed}`,
      ...(bos && { "in front": `the beginning-of-text token ${front[0]}, which is not measured` }),
      ...(leaveOut > 0 && { "left out": `the first ${leaveOut} tokens in each order` }),
      "computed by": `backend ${backend.name} (${backend.device})`,
    };
    const pieces = tokenizer.pieces(ids);
    const names = { model: checkpoint.name, prompt: prompt.name };
    return { ...names, pieces, textTokens: all.length, neighbors, orders, provenance };
  } finally {
    loaded.dispose();
    progress.finish();
  }
}

/**
 * How many tokens of a text to take, and which of the shuffle indices that leaves: 4^S blocks need as many tokens, and all
 * blocks are to be of one length.
 *
 * @throws UserError if there are too few tokens
 */
export function fitTokens(
  available: number,
  longest: number,
  wished: readonly number[],
  name: string,
): { tokens: number; shuffleIndices: number[] } {
  const most = Math.min(available, longest);
  if (most < FEWEST_POINTS) {
    throw new UserError(`prompt ${name}: has ${most} tokens; a geometry needs at least ${FEWEST_POINTS}`);
  }
  const wrong = wished.find((index) => !Number.isInteger(index) || index < 0);
  if (wrong !== undefined) throw new UserError(`shuffle index ${wrong}: must be a whole number, 0 or more`);
  const sorted = [...new Set([0, ...wished])].sort((a, b) => a - b);
  const shuffleIndices = sorted.filter((index) => 4 ** index <= most);
  const blocks = 4 ** shuffleIndices[shuffleIndices.length - 1];
  return { tokens: most - (most % blocks), shuffleIndices };
}

/** What the model reads, and how much of it is measured. */
interface ReadTokens {
  ids: readonly number[];
  /** Which token of the text comes i-th. */
  order: readonly number[];
  /** What is put in front. */
  front: readonly number[];
  /** How many tokens of the order are not measured. */
  leaveOut: number;
}

async function measureOrder(
  network: Network,
  { ids, order, front, leaveOut }: ReadTokens,
  neighbors: number,
  onLayer: () => void,
): Promise<Omit<ExploredOrder, "shuffleIndex">> {
  const layers: LayerGeometry[] = [];
  const spacings: PointSpacing[] = [];
  const dimensions: number[][] = [];
  let previous: Neighbors | undefined;
  const places = { order, leaveOut };
  const { loss, meanEntropy, tokenLoss } = await runNetwork(
    network,
    [...front, ...order.map((token) => ids[token])],
    {
      onHiddenState: async (cloud, layer) => {
        const measured = new LayerCloud(cloud, `${network.checkpoint.name}, hidden state ${layer}`);
        layers.push(await measureLayer(measured, previous));
        previous = await measured.neighbors();
        const { distances, nearest } = await pointSpacing(cloud, neighbors, await measured.gramMatrix());
        const near = nearest.map((others) => others.map((other) => order[other + leaveOut]));
        spacings.push({
          distances: asWritten(distances, places, Number.NaN),
          nearest: asWritten(near, places, []),
        });
        dimensions.push(asWritten(await localDimensions(measured), places, Number.NaN));
        await measured.release();
        onLayer();
        await eventLoopTurn(); // Lets an interrupt through, and the progress bar out.
      },
    },
    front.length + leaveOut,
  );
  const losses = asWritten([Number.NaN, ...tokenLoss], places, Number.NaN);
  return { result: { layers, loss, meanEntropy }, spacings, dimensions, losses };
}

/** What was measured of points, of the tokens as they stand in the text. @param none of tokens that were left out */
function asWritten<Value>(
  measured: ArrayLike<Value>,
  { order, leaveOut }: Pick<ReadTokens, "order" | "leaveOut">,
  none: Value,
): Value[] {
  const written: Value[] = [];
  order.forEach((token, place) => {
    written[token] = place < leaveOut ? none : measured[place - leaveOut];
  });
  return written;
}

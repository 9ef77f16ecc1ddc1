import { UserError } from "../machine/support/errors";
import { randomGenerator } from "../machine/support/random";
import { endOfTextIds } from "./endOfText";
import { runNetwork } from "./forward";
import type { Network } from "./network";
import { checkSampling, drawnPlace, type SamplingOptions, samplingProbabilities } from "./sampling";

/**
 * How a text goes on. Without `temperature`, `topK`, `topP` and `seed` the likeliest token is taken each time; with any of them the
 * next one is drawn.
 */
export interface GenerateOptions extends SamplingOptions {
  /** So many new tokens at most; 32 without it. */
  tokens?: number;
  /** Any text: the same seed draws the same tokens from the same logits; "0" without it. */
  seed?: string;
  /** true: the model reads its beginning-of-text token first, which is in none of the results. */
  bos?: boolean;
}

/** A text that a model has gone on with. */
export interface GeneratedText {
  /** The tokens of the prompt and after them the new ones, an end-of-text token included: what {@link Model.run} measures. */
  ids: number[];
  /** How many of them are the prompt's. */
  promptTokens: number;
  /** What is new; empty of a checkpoint without a tokenizer. */
  text: string;
  /** ln p of each new token after all before it, as the model has it, whatever was left to draw from [ids.length - promptTokens]. */
  logProbabilities: Float64Array;
}

/**
 * Goes on with a text, token by token, until there are enough or the text has ended. Each is a pass through the model of all before
 * it, with no memory of the last one.
 *
 * @param prompt all that the model reads first
 * @returns the new tokens, and ln p of each
 * @throws UserError if the weights have no output head, an option makes no sense, or there are not as many positions
 */
export async function generateTokens(
  network: Network,
  prompt: readonly number[],
  options: Omit<GenerateOptions, "bos"> = {},
): Promise<Pick<GeneratedText, "ids" | "logProbabilities">> {
  const { tokens = 32, seed = "0" } = options;
  checkSampling(options);
  if (!Number.isInteger(tokens) || tokens < 1) {
    throw new UserError(`tokens is ${tokens}: must be a whole number, 1 or more`);
  }
  const { checkpoint, withoutHead, architecture } = network;
  if (withoutHead) throw new UserError(`${checkpoint.name}: its weights have no output head: it cannot write a text`);
  const { vocabularySize, longestPrompt = Number.POSITIVE_INFINITY } = architecture;
  if (prompt.length + tokens > longestPrompt) {
    const wanted = `${prompt.length} tokens and ${tokens} new ones`;
    throw new UserError(`${wanted} are too many: ${checkpoint.name} has positions for ${longestPrompt}`);
  }
  const isDrawn = [options.temperature, options.topK, options.topP, options.seed].some((one) => one !== undefined);
  const random = randomGenerator(seed);
  const ends = endOfTextIds(checkpoint);
  const ids: number[] = [];
  const logProbabilities: number[] = [];
  const logits = new Float32Array(vocabularySize);
  while (ids.length < tokens && !ends.includes(ids.at(-1) ?? -1)) {
    const read = [...prompt, ...ids];
    await runNetwork(network, read, { onLogits: (values, { first }) => logits.set(values, first) }, read.length - 1);
    const likeliest = logits.reduce((best, logit, id) => (logit > logits[best] ? id : best), 0);
    const next = isDrawn ? drawnPlace(samplingProbabilities(logits, options), random()) : likeliest;
    const sum = logits.reduce((total, logit) => total + Math.exp(logit - logits[likeliest]), 0);
    logProbabilities.push(logits[next] - logits[likeliest] - Math.log(sum));
    ids.push(next);
  }
  return { ids, logProbabilities: Float64Array.from(logProbabilities) };
}

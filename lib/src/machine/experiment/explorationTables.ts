import type { PointSpacing } from "../../geometry/pointSpacing";
import { averageRanks } from "../../statistics/correlation";
import { UserError } from "../support/errors";
import type { Exploration } from "./exploration";

/**
 * Where each token stands among all of a layer: the share of tokens that have less room than it, with half of those that
 * have as much, 0 (the most crowded) to 1 (the sparsest). One that was left out is put in the middle.
 */
export function sparseness({ distances }: PointSpacing): number[] {
  return sharesBelow(distances);
}

/** Where each value stands among all: the share of values below it, with half of those that are as large; NaN is in the middle. */
export function sharesBelow(values: readonly number[]): number[] {
  const measured = values.filter((value) => !Number.isNaN(value));
  const ranks = averageRanks(measured).values();
  return values.map((value) => (Number.isNaN(value) ? 0.5 : ((ranks.next().value as number) - 0.5) / measured.length));
}

/** The tokens that have a value, the smallest first; none where all have the same. */
function sortedTokens(values: readonly number[]): number[] {
  const tokens = [...values.keys()].filter((token) => !Number.isNaN(values[token]));
  tokens.sort((a, b) => values[a] - values[b] || a - b);
  return values[tokens[0]] === values[tokens[tokens.length - 1]] ? [] : tokens;
}

/** Of equal tokens only the first one. */
function withoutCopies(tokens: readonly number[], pieces: readonly string[]): number[] {
  return tokens.filter((token, i) => tokens.findIndex((other) => pieces[other] === pieces[token]) === i);
}

/** The text of the tokens with the smallest values and with the largest ones, the extreme ones first; of equal tokens only one. */
export function extremeTokens(
  values: readonly number[],
  pieces: readonly string[],
  count: number,
): { lowest: string[]; highest: string[] } {
  const [lowest, highest] = [sortedTokens(values), sortedTokens(values).toReversed()].map((tokens) =>
    withoutCopies(tokens, pieces)
      .slice(0, count)
      .map((token) => JSON.stringify(pieces[token])),
  );
  return { lowest, highest };
}

/** Where an order stands among those explored. @throws UserError if it is not there, or has no such layer */
export function indexOfOrder({ orders }: Pick<Exploration, "orders">, shuffleIndex: number, layer: number): number {
  const index = orders.findIndex((one) => one.shuffleIndex === shuffleIndex);
  const known = orders.map((one) => one.shuffleIndex).join(", ");
  if (index < 0) throw new UserError(`shuffle index ${shuffleIndex} was not explored; there is ${known}`);
  const { spacings } = orders[index];
  if (!spacings[layer]) throw new UserError(`there is no layer ${layer}; layers are 0 to ${spacings.length - 1}`);
  return index;
}

/** A token that stands out by its room. */
export interface StandingOut {
  region: "crowded" | "sparse";
  /** From 1 on. */
  place: number;
  token: string;
  distance: number;
  /** The text of its nearest tokens, nearest first. */
  nearest: string;
}

/**
 * The tokens in the most crowded and in the sparsest regions of a layer, the extreme ones first; of equal tokens only one.
 * Where all have the same room, none stands out.
 *
 * @param shuffleIndex one that was explored
 * @param layer 0..L
 * @param count of each region
 * @throws UserError if there is no such order or layer
 * @example
 * const prompt = { name: "gulls", text: "The tide came in, and the gulls came in with the tide." };
 * const explored = await explorePrompt("llama-mini", prompt, { shuffleIndices: [0, 1] });
 * standingOut(explored, 0, 6, 1).map(({ token }) => token); // ["\"s\"", "\" g\""]
 */
export function standingOut(
  { orders, pieces }: Exploration,
  shuffleIndex: number,
  layer: number,
  count = 6,
): StandingOut[] {
  const order = orders[indexOfOrder({ orders }, shuffleIndex, layer)];
  const { distances, nearest } = order.spacings[layer];
  const tokens = sortedTokens(distances);
  const pick = (region: StandingOut["region"], sorted: readonly number[]): StandingOut[] =>
    withoutCopies(sorted, pieces)
      .slice(0, count)
      .map((token) => ({
        region,
        place: token + 1,
        token: JSON.stringify(pieces[token]),
        distance: distances[token],
        nearest: nearest[token].map((other) => JSON.stringify(pieces[other])).join(" "),
      }));
  return [...pick("crowded", tokens), ...pick("sparse", tokens.toReversed())];
}

/** A prompt in one order, in a few numbers. */
export interface ExplorationRow {
  prompt: string;
  S: number;
  tokens: number;
  "loss (nats)": number;
  "entropy (nats)": number;
  "highest ID": number;
  "± error": number;
  /** Null if the dimension exists at no layer. */
  "at layer": number | null;
  "cosine, last layer": number;
}

/**
 * Each prompt in each order, in a few numbers.
 *
 * @param scaling range scaling n2 of the dimension
 * @example
 * const prompt = { name: "gulls", text: "The tide came in, and the gulls came in with the tide." };
 * const explored = await explorePrompt("llama-mini", prompt, { shuffleIndices: [0, 1] });
 * const [written, shuffled] = explorationTable([explored]);
 * [written["highest ID"], shuffled["highest ID"]]; // [1.74, 2.05]
 */
export function explorationTable(explorations: readonly Exploration[], scaling = 2): ExplorationRow[] {
  return explorations.flatMap(({ prompt, pieces, orders }) =>
    orders.map(({ shuffleIndex, result }) => {
      const estimates = result.layers.map(({ intrinsicDimension }, layer) => ({
        layer,
        id: Number.NaN,
        error: Number.NaN,
        ...intrinsicDimension.find((estimate) => estimate.scaling === scaling),
      }));
      // Layer 0, where equal tokens coincide, is left out as in the paper.
      const none = { id: Number.NaN, error: Number.NaN, layer: null };
      const known = estimates.slice(1).filter(({ id }) => Number.isFinite(id));
      const peak = known.length === 0 ? none : known.reduce((best, one) => (one.id > best.id ? one : best));
      return {
        prompt,
        S: shuffleIndex,
        tokens: pieces.length,
        "loss (nats)": result.loss,
        "entropy (nats)": result.meanEntropy,
        "highest ID": peak.id,
        "± error": peak.error,
        "at layer": peak.layer,
        "cosine, last layer": result.layers[result.layers.length - 1].cosineSimilarity.mean,
      };
    }),
  );
}

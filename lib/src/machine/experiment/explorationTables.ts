import type { PointSpacing } from "../../geometry/pointSpacing";
import { averageRanks } from "../../statistics/correlation";
import { UserError } from "../support/errors";
import type { Exploration } from "./exploration";

/**
 * Where each token stands among all of a layer: the share of tokens that have less room than it, with half of those that
 * have as much, 0 (the most crowded) to 1 (the sparsest). One that was left out is put in the middle.
 */
export function sparseness({ distances }: PointSpacing): number[] {
  const measured = distances.filter((distance) => !Number.isNaN(distance));
  const ranks = averageRanks(measured).values();
  return distances.map((distance) =>
    Number.isNaN(distance) ? 0.5 : ((ranks.next().value as number) - 0.5) / measured.length,
  );
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
  const order = orders.find((one) => one.shuffleIndex === shuffleIndex);
  const known = orders.map((one) => one.shuffleIndex).join(", ");
  if (!order) throw new UserError(`shuffle index ${shuffleIndex} was not explored; there is ${known}`);
  const spacing = order.spacings[layer];
  if (!spacing) throw new UserError(`there is no layer ${layer}; layers are 0 to ${order.spacings.length - 1}`);
  const { distances, nearest } = spacing;
  const measured = [...pieces.keys()].filter((token) => !Number.isNaN(distances[token]));
  const tokens = measured.sort((a, b) => distances[a] - distances[b] || a - b);
  if (distances[tokens[0]] === distances[tokens[tokens.length - 1]]) return [];
  const pick = (region: StandingOut["region"], sorted: readonly number[]): StandingOut[] => {
    const first = sorted.filter((token, i) => sorted.findIndex((other) => pieces[other] === pieces[token]) === i);
    return first.slice(0, count).map((token) => ({
      region,
      place: token + 1,
      token: JSON.stringify(pieces[token]),
      distance: distances[token],
      nearest: nearest[token].map((other) => JSON.stringify(pieces[other])).join(" "),
    }));
  };
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

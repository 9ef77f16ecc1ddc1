import { blockOrder, shuffleTokens } from "./shuffle";

/** A short text in one of its orders. */
export interface ShuffleExample {
  shuffleIndex: number;
  /** Number of blocks, 4^S, and of tokens in each. */
  blocks: number;
  blockLength: number;
  /** Which block of the text comes i-th. */
  blockOrder: number[];
  /** Which token of the text comes i-th. */
  order: number[];
  /** Of the pairs of tokens that stand side by side in the text, how many still do. */
  pairsKept: number;
}

/**
 * Follows the shuffling of Figure 1 step by step, for a text of so many tokens.
 *
 * @param seed any text; the same seed gives the same orders
 * @throws UserError as {@link shuffleTokens}
 * @example shuffleExamples(16, [0, 1, 2], "1").map(({ pairsKept }) => pairsKept); // [15, 12, 2]
 */
export function shuffleExamples(tokens: number, shuffleIndices: readonly number[], seed: string): ShuffleExample[] {
  const positions = Array.from({ length: tokens }, (_, position) => position);
  return shuffleIndices.map((shuffleIndex) => {
    const order = shuffleTokens(positions, shuffleIndex, seed);
    const blocks = 4 ** shuffleIndex;
    return {
      shuffleIndex,
      blocks,
      blockLength: tokens / blocks,
      blockOrder: blockOrder(tokens, shuffleIndex, seed),
      order,
      pairsKept: order.filter((position, i) => i > 0 && position === order[i - 1] + 1).length,
    };
  });
}

import { UserError } from "../machine/support/errors";
import { randomGenerator } from "../machine/support/random";

/**
 * Shuffles a prompt's tokens block-wise, as in Figure 1 of the paper: the ids are cut into 4^S equal consecutive blocks,
 * the blocks are put in a uniformly random order, the order inside a block is kept. S = 0 gives the prompt itself; with
 * one token a block it is a full permutation (S = 5 for 1024 tokens).
 *
 * @param ids token ids [tokens]
 * @param shuffleIndex S, a whole number with 4^S <= tokens
 * @param seed any text: the same seed, index and length give the same order on every machine
 * @throws UserError if S is no such number, or the tokens cannot be cut into 4^S equal blocks
 * @see arXiv 2501.10573, section "Methods" and Figure 1 (the authors did not seed it)
 * @example shuffleTokens([1, 2, 3, 4, 5, 6, 7, 8], 1, "0"); // [7, 8, 3, 4, 1, 2, 5, 6]
 */
export function shuffleTokens(ids: readonly number[], shuffleIndex: number, seed: string): number[] {
  return blockOrder(ids.length, shuffleIndex, seed).flatMap((block) => {
    const length = ids.length / 4 ** shuffleIndex;
    return ids.slice(block * length, (block + 1) * length);
  });
}

/** The order of the 4^S blocks that {@link shuffleTokens} uses: entry i says which block comes i-th. */
export function blockOrder(tokens: number, shuffleIndex: number, seed: string): number[] {
  const blocks = 4 ** shuffleIndex;
  if (!Number.isInteger(shuffleIndex) || shuffleIndex < 0) {
    throw new UserError(`shuffle index ${shuffleIndex}: must be a whole number, 0 or more`);
  }
  if (tokens % blocks !== 0 || blocks > tokens) {
    throw new UserError(
      `shuffle index ${shuffleIndex} needs ${blocks} equal blocks, but the prompt has ${tokens} tokens: ` +
        "lower the shuffle index or take another number of tokens",
    );
  }
  const order = Array.from({ length: blocks }, (_, block) => block);
  if (shuffleIndex === 0) return order;
  const random = randomGenerator(`${seed}|${shuffleIndex}|${tokens}`);
  // Fisher-Yates: every order is equally likely.
  for (let i = blocks - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

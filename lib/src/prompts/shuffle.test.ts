import { describe, expect, test } from "vitest";
import { UserError } from "../machine/support/errors";
import { blockOrder, shuffleTokens } from "./shuffle";

/** Token ids that differ from their positions. */
const prompt = (tokens: number) => Array.from({ length: tokens }, (_, position) => 3 * position + 7);

/** The 99.9% points of the chi-square distribution with this many degrees of freedom (scipy.stats.chi2.ppf). */
const CHI_SQUARE_999 = { 23: 49.7, 225: 296.3 };

/** Pearson's statistic of counts that should all be equal. */
function chiSquare(counts: number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe("shuffleTokens", () => {
  test.each([0, 1, 2, 3, 4, 5])("S = %i of 1024 tokens: a permutation of blocks, each block as it was", (index) => {
    const ids = prompt(1024);
    const shuffled = shuffleTokens(ids, index, "seed");
    expect([...shuffled].sort((a, b) => a - b)).toEqual(ids);
    const length = 1024 / 4 ** index;
    const starts: number[] = [];
    for (let at = 0; at < 1024; at += length) {
      const from = ids.indexOf(shuffled[at]);
      expect(from % length).toBe(0);
      expect(shuffled.slice(at, at + length)).toEqual(ids.slice(from, from + length));
      starts.push(from / length);
    }
    expect(new Set(starts).size).toBe(4 ** index);
    expect(starts).toEqual(blockOrder(1024, index, "seed"));
  });

  test("S = 0 is the prompt itself, of any length", () => {
    for (const tokens of [1, 2, 7, 1023]) expect(shuffleTokens(prompt(tokens), 0, "x")).toEqual(prompt(tokens));
  });

  test("S = 5 of 1024 tokens moves nearly all: each token is a block", () => {
    const shuffled = shuffleTokens(prompt(1024), 5, "seed");
    const fixed = shuffled.filter((id, position) => id === 3 * position + 7).length;
    expect(fixed).toBeLessThan(10); // One is expected, Poisson; ten or more have a chance of 1e-7.
  });

  test("the paper's example, N = 16: S = 1 permutes 4 blocks of 4, S = 2 all 16 tokens", () => {
    expect(blockOrder(16, 1, "a")).toHaveLength(4);
    expect(blockOrder(16, 2, "a")).toHaveLength(16);
    const [first, second] = shuffleTokens(prompt(16), 1, "a");
    expect(second).toBe(first + 3);
  });

  test("the prompt given is left alone", () => {
    const ids = prompt(64);
    shuffleTokens(ids, 3, "seed");
    expect(ids).toEqual(prompt(64));
  });
});

describe("the seed", () => {
  test("the same gives the same, any other another", () => {
    const order = (seed: string, index = 3) => blockOrder(1024, index, seed).join();
    expect(order("a")).toBe(order("a"));
    const orders = ["a", "b", "", "0", "a ", "A"].map((seed) => order(seed));
    expect(new Set(orders).size).toBe(6);
  });

  test("orders are the same on every machine", () => {
    expect(blockOrder(16, 1, "0")).toEqual([2, 3, 0, 1]);
    expect(blockOrder(16, 2, "0").join(" ")).toBe("13 4 6 11 2 14 9 5 15 12 7 0 3 1 10 8");
  });

  test("shuffle indices and lengths get unrelated orders", () => {
    const first = blockOrder(1024, 3, "a");
    const nested = blockOrder(1024, 4, "a").filter((block) => block % 4 === 0);
    expect(nested.map((block) => block / 4)).not.toEqual(first);
    expect(blockOrder(512, 3, "a")).not.toEqual(first);
  });
});

describe("every order is equally likely", () => {
  const draws = (blocks: number, index: number, count: number) =>
    Array.from({ length: count }, (_, draw) => blockOrder(blocks, index, `draw ${draw}`));

  test("all 24 orders of 4 blocks", () => {
    const counts = new Map<string, number>();
    for (const order of draws(4, 1, 4800)) counts.set(order.join(), (counts.get(order.join()) ?? 0) + 1);
    expect(counts.size).toBe(24);
    expect(chiSquare([...counts.values()])).toBeLessThan(CHI_SQUARE_999[23]);
  });

  test("each of 16 blocks at each of 16 places", () => {
    const counts = new Array<number>(256).fill(0);
    for (const order of draws(16, 2, 3200)) order.forEach((block, place) => void counts[16 * place + block]++);
    // All sums of rows and columns are fixed: 15 x 15 degrees of freedom, and the variance is 15 / 16 of a count's.
    expect((15 / 16) * chiSquare(counts)).toBeLessThan(CHI_SQUARE_999[225]);
  });
});

describe("refusals", () => {
  test.each([
    [16, 3, "needs 64 equal blocks, but the prompt has 16 tokens"],
    [1023, 1, "needs 4 equal blocks, but the prompt has 1023 tokens"],
    [1024, 6, "needs 4096 equal blocks"],
    [0, 1, "0 tokens"],
    [1024, -1, "shuffle index -1: must be a whole number"],
    [1024, 1.5, "shuffle index 1.5: must be a whole number"],
    [1024, Number.NaN, "shuffle index NaN: must be a whole number"],
    [1024, 400, "shuffle index 400"],
  ])("%i tokens, S = %d", (tokens, index, message) => {
    expect(() => shuffleTokens(prompt(tokens), index, "seed")).toThrow(UserError);
    expect(() => shuffleTokens(prompt(tokens), index, "seed")).toThrow(message);
  });
});

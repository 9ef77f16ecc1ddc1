import { UserError } from "../machine/support/errors";
import { randomGenerator } from "../machine/support/random";
import { loadPrompts } from "./prompts";

/**
 * `count` of the values, drawn at random without repetition, in their order.
 *
 * @param seed any text: the same seed draws the same ones
 * @throws UserError if there are fewer than `count`
 * @example randomSample(["a", "b", "c", "d"], 2, "1"); // ["a", "c"]
 */
export function randomSample<Value>(values: readonly Value[], count: number, seed: string): Value[] {
  if (!Number.isInteger(count) || count < 1 || count > values.length) {
    throw new UserError(`cannot draw ${count} of ${values.length}: name a whole number from 1 to ${values.length}`);
  }
  const random = randomGenerator(`${seed}|sample`);
  const keys = values.map((_, index) => ({ index, key: random() }));
  const chosen = keys.sort((a, b) => a.key - b.key).slice(0, count);
  return chosen.sort((a, b) => a.index - b.index).map(({ index }) => values[index]);
}

/**
 * Names of `count` prompts of a source, drawn as {@link randomSample}.
 *
 * @param source see {@link loadPrompts}
 * @param among only the first so many prompts are drawn from; all without it
 * @throws UserError as {@link loadPrompts} and {@link randomSample}
 * @example (await randomPromptNames("embedded", 2, "1")).length; // 2
 */
export async function randomPromptNames(
  source: string,
  count: number,
  seed: string,
  among?: number,
): Promise<string[]> {
  const names = (await loadPrompts(source, among)).map(({ name }) => name);
  return randomSample(names, count, seed);
}

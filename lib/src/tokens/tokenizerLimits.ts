import { shown } from "../machine/support/json";
import { type Step, stepsOf } from "./steps";

/** By how much a text may grow before it is cut into tokens. Real tokenizers put one character in the place of another. */
const MOST_GROWTH = 64;

/** Patterns that may match the empty text, and so at every place. Some of those that it takes in do not. */
const MAY_BE_EMPTY = /\(\?|\\[bBAzZG]|[*?^$|]/;

/**
 * Looks for what makes a tokenizer run without end or fill the memory: texts that grow and grow, pieces of no length.
 *
 * @param definition tokenizer.json
 * @throws Error saying what it is
 */
export function checkTokenizerLimits({ normalizer, pre_tokenizer }: Record<string, unknown>): void {
  let growth = 1;
  for (const step of [...stepsOf(normalizer), ...stepsOf(pre_tokenizer)]) {
    growth *= growthOf(step);
    if (step.type === "FixedLength" && !(Number.isSafeInteger(step.length) && (step.length as number) > 0)) {
      throw new Error(`it cuts texts into pieces of length ${shown(step.length)}`);
    }
  }
  if (!(growth <= MOST_GROWTH)) throw new Error("its replacements let texts grow without bounds");
}

/** How many times longer a text may become by one part, at most. */
function growthOf({ type, content, pattern, replacement }: Step): number {
  if (type === "Metaspace") return Math.max(1, textOf(replacement ?? " ").length);
  if (type !== "Replace") return 1;
  const { length } = textOf(content ?? "");
  const { String: text, Regex: expression } = (pattern ?? {}) as Record<string, unknown>;
  // What is replaced may be nothing at all: then the replacement comes on top, at every place.
  const shortest = expression === undefined ? textOf(text ?? "").length : MAY_BE_EMPTY.test(textOf(expression)) ? 0 : 1;
  return shortest === 0 ? 1 + length : Math.max(1, length / shortest);
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw new Error(`${shown(value)} stands in the place of a text`);
  return value;
}

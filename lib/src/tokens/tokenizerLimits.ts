import { shown } from "../machine/support/json";

/** By how much a text may grow before it is cut into tokens. Real tokenizers put one character in the place of another. */
const MOST_GROWTH = 64;

/** Patterns that may match the empty text, and so at every place. Some of those that it takes in do not. */
const MAY_BE_EMPTY = /\(\?|\\[bBAzZG]|[*?^$|]/;

/** What the replacement text of JavaScript's `replaceAll` would not take as it is written. */
const REPLACEMENT_CODE = /\$[$&`'<\d]/;

/**
 * Looks for what makes a tokenizer run without end or fill the memory: texts that grow and grow, pieces of no length.
 *
 * @param definition tokenizer.json
 * @throws Error saying what it is
 */
export function checkTokenizerLimits({ normalizer, pre_tokenizer }: Record<string, unknown>): void {
  let growth = 1;
  for (const part of partsOf([normalizer, pre_tokenizer])) {
    growth *= growthOf(part);
    if (part.type === "FixedLength" && !(Number.isSafeInteger(part.length) && (part.length as number) > 0)) {
      throw new Error(`it cuts texts into pieces of length ${shown(part.length)}`);
    }
  }
  if (!(growth <= MOST_GROWTH)) throw new Error("its replacements let texts grow without bounds");
}

/** All normalizers and pre-tokenizers, those inside of sequences too. */
function partsOf(open: unknown[]): Record<string, unknown>[] {
  const parts: Record<string, unknown>[] = [];
  while (open.length > 0) {
    const part = open.pop() as Record<string, unknown> | null | undefined;
    if (typeof part !== "object" || part === null) continue;
    parts.push(part);
    for (const inner of [part.normalizers, part.pretokenizers]) if (Array.isArray(inner)) open.push(...inner);
  }
  return parts;
}

/** How many times longer a text may become by one part, at most. */
function growthOf({ type, content, pattern, replacement, str_rep }: Record<string, unknown>): number {
  if (type === "Metaspace") return Math.max(1, replacementOf(str_rep || (replacement ?? " ")).length);
  if (type !== "Replace") return 1;
  const { length } = replacementOf(content ?? "");
  const { String: text, Regex: expression } = (pattern ?? {}) as Record<string, unknown>;
  // What is replaced may be nothing at all: then the replacement comes on top, at every place.
  const shortest = expression === undefined ? textOf(text ?? "").length : MAY_BE_EMPTY.test(textOf(expression)) ? 0 : 1;
  return shortest === 0 ? 1 + length : Math.max(1, length / shortest);
}

function replacementOf(value: unknown): string {
  const text = textOf(value);
  if (REPLACEMENT_CODE.test(text)) throw new Error(`the replacement ${shown(text)} is not supported`);
  return text;
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw new Error(`${shown(value)} stands in the place of a text`);
  return value;
}

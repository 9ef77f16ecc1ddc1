import { createHash } from "node:crypto";
import { UserError } from "../machine/support/errors";
import type { Prompt } from "../prompts/prompt";
import type { TextTokenizer } from "./textTokenizer";

/** A prompt as a model reads it. */
export interface TokenizedPrompt {
  name: string;
  ids: number[];
}

/** The paper's prompts are cut to this many tokens. */
export const PAPER_PROMPT_LENGTH = 1024;

/**
 * Tokenizes prompts and cuts them to their first `length` tokens.
 *
 * @throws UserError if a prompt is shorter
 */
export function tokenizePrompts(
  tokenizer: TextTokenizer,
  prompts: readonly Prompt[],
  length: number,
): TokenizedPrompt[] {
  return prompts.map(({ name, text }) => {
    const ids = tokenizer.encode(text);
    if (ids.length < length) {
      throw new UserError(`prompt ${name}: has ${ids.length} tokens, fewer than the ${length} asked for`);
    }
    return { name, ids: ids.slice(0, length) };
  });
}

/** SHA-256 of token ids. */
export function hashIds(ids: readonly number[]): string {
  return createHash("sha256").update(ids.join(",")).digest("hex");
}

/** The seed of a prompt's shuffles. The prompt is a part of it, else all prompts of a length would be put in the same order. */
export function promptSeed(seed: string, ids: readonly number[]): string {
  return `${seed}|${hashIds(ids)}`;
}

import { shown } from "../machine/support/json";
import type { AddedToken } from "./addedTokenSettings";

/** The tokens of a tokenizer.json. */
export interface Vocabulary {
  /** Ids by text; of the model alone, without what is found in texts as it is. */
  ids: ReadonlyMap<string, number>;
  /** The ids of those that are found in texts as they are, by text. */
  added: ReadonlyMap<string, number>;
  /** The text of each id. */
  tokens: ReadonlyMap<number, string>;
}

const HALF_A_LETTER = /\p{Cs}/u;

/**
 * Reads a vocabulary. The ids of added tokens are those that the tokenizers library gives, whatever the file says: of the
 * model's vocabulary, where they are in it, else the next ones after it.
 *
 * @param model of tokenizer.json
 * @throws Error if there is none, or an id is no whole number from 0 on
 * @see github.com/huggingface/tokenizers, `AddedVocabulary::add_tokens`
 */
export function readVocabulary(model: unknown, addedTokens: readonly AddedToken[]): Vocabulary {
  const { vocab } = (model ?? {}) as { vocab?: unknown };
  if (typeof vocab !== "object" || vocab === null) throw new Error("it has no vocabulary");
  const entries: [string, unknown][] = Array.isArray(vocab)
    ? vocab.map((entry, id): [string, number] => [String(Array.isArray(entry) ? entry[0] : entry), id])
    : Object.entries(vocab);
  const ids = new Map<string, number>();
  for (const [token, id] of entries) {
    if (HALF_A_LETTER.test(token)) throw new Error(`its vocabulary holds ${shown(token)}, which is no text`);
    if (!isId(id)) throw new Error(`its vocabulary gives ${shown(token)} the id ${shown(id)}`);
    ids.set(token, id);
  }
  const added = new Map<string, number>();
  let highest = -1;
  for (const { content } of addedTokens) {
    const id = added.get(content) ?? ids.get(content) ?? Math.max(ids.size, highest + 1);
    added.set(content, id);
    highest = Math.max(highest, id);
  }
  return { ids, added, tokens: new Map([...ids, ...added].map(([token, id]) => [id, token])) };
}

/** Whether a value can be the id of a token. */
export function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

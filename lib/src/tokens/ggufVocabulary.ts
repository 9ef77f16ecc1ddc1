import type { GgufHeader } from "../machine/gguf/header";
import { UserError } from "../machine/support/errors";
import { shown } from "../machine/support/json";

/** What a token is, as llama.cpp numbers it (tokenizer.ggml.token_type). */
export const TokenType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** In characters. Real ones that are looked for in texts as they are have a few dozen. */
const LONGEST_TOKEN = 2048;

/** The parts of a file's tokenizer that all kinds have. */
export interface GgufVocabulary {
  path: string;
  /** The text of each id. */
  tokens: readonly string[];
  /** The type of each id. */
  types: ArrayLike<number>;
}

/** An error about a file's tokenizer, which says that the model can be used without it. */
export function refusal(path: string, problem: string): UserError {
  return new UserError(`${path}: ${problem}; give token ids instead of text (--ids)`);
}

/** @throws UserError if tokens or their types are missing, or do not belong together */
export function readGgufVocabulary({ path, metadata }: GgufHeader): GgufVocabulary {
  const tokens = textsOf(metadata.get("tokenizer.ggml.tokens"));
  if (!tokens || tokens.length === 0) throw refusal(path, "has no vocabulary (tokenizer.ggml.tokens)");
  const longest = tokens.find((token) => token.length > LONGEST_TOKEN);
  if (longest !== undefined) throw refusal(path, `has a token of ${longest.length} characters, ${shown(longest)}`);
  const types = numbersOf(metadata.get("tokenizer.ggml.token_type"));
  if (!types) throw refusal(path, "does not say which tokens are special (tokenizer.ggml.token_type)");
  if (types.length !== tokens.length) {
    throw refusal(path, `has ${tokens.length} tokens, but the types of ${types.length} (tokenizer.ggml.token_type)`);
  }
  const known = new Set<number>(Object.values(TokenType));
  const wrong = Array.prototype.findIndex.call(types, (type) => !known.has(type));
  if (wrong >= 0) throw refusal(path, `token ${wrong} is of an unknown type (${types[wrong]})`);
  return { path, tokens, types };
}

/**
 * The ids of all tokens of certain types, by their texts.
 *
 * @throws UserError if two of them have the same text: which one is meant cannot be known
 */
export function idsOfTypes({ path, tokens, types }: GgufVocabulary, wanted: readonly number[]): Map<string, number> {
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) {
    if (!wanted.includes(types[id]) || token === "") continue;
    const other = ids.get(token);
    if (other !== undefined) throw refusal(path, `tokens ${other} and ${id} are both ${shown(token)}`);
    ids.set(token, id);
  }
  return ids;
}

/**
 * The id that a key names.
 *
 * @returns undefined if the key is not there
 * @throws UserError if there is no such token
 */
export function namedToken({ path, metadata }: GgufHeader, key: string, size: number): number | undefined {
  const id = metadata.get(key);
  if (id === undefined) return undefined;
  if (typeof id === "number" && Number.isInteger(id) && id >= 0 && id < size) return id;
  throw refusal(path, `${key} is ${shown(String(id))}, but there are ${size} tokens`);
}

/** A value that has to be an array of texts. */
export function textsOf(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && (value.length === 0 || typeof value[0] === "string") ? value : undefined;
}

/** A value that has to be an array of numbers. */
export function numbersOf(value: unknown): ArrayLike<number> | undefined {
  const isTyped = ArrayBuffer.isView(value) && !(value instanceof BigInt64Array || value instanceof BigUint64Array);
  return isTyped ? (value as unknown as ArrayLike<number>) : undefined;
}

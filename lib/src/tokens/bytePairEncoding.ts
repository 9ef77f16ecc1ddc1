import { writeBytes } from "./byteCharacters";
import { mergePairs } from "./mergePairs";
import { type Splitting, splitText } from "./splitting";

/** So many words are remembered with their tokens; most of a text are among the ones before. */
const MOST_REMEMBERED = 20_000;
const LONGEST_REMEMBERED = 64;

/** One number for two ids, each below 2^26: a file's header has no room for more tokens. */
const pairKey = (left: number, right: number) => left * 2 ** 26 + right;

/** What byte pair encoding knows. */
export interface BytePairVocabulary {
  /** Ids of tokens, in the letters that stand for bytes. */
  ids: ReadonlyMap<string, number>;
  /** Pairs of tokens to be joined, the first ones before the others: for each the ids of left, right, and both together. */
  merges: Int32Array;
}

/**
 * Byte pair encoding of a text's UTF-8 bytes. A byte that is no token is left out, and what is beside it are neighbors then:
 * so does the original, github.com/huggingface/tokenizers, where no token for the unknown is named.
 *
 * @returns what gives the ids of a text
 * @see Radford et al. 2019, section 2.2
 */
export function bytePairEncoder(vocabulary: BytePairVocabulary, splitting: Splitting): (text: string) => number[] {
  const { ids, merges } = vocabulary;
  const ranks = new Map<number, number>();
  for (let rank = 0; 3 * rank < merges.length; rank++) {
    ranks.set(pairKey(merges[3 * rank], merges[3 * rank + 1]), rank);
  }
  const utf8 = new TextEncoder();
  const remembered = new Map<string, readonly number[]>();

  /** @param bytes as a byte-level vocabulary writes them */
  const encodeBytes = (bytes: string): readonly number[] => {
    const whole = splitting.wholeTokens ? ids.get(bytes) : undefined;
    if (whole !== undefined) return [whole];
    const symbols: number[] = [];
    for (const byte of bytes) {
      const id = ids.get(byte);
      if (id !== undefined) symbols.push(id);
    }
    const rank = (left: number, right: number) => ranks.get(pairKey(symbols[left], symbols[right])) ?? Number.NaN;
    const join = (left: number, right: number) => {
      symbols[left] = merges[3 * rank(left, right) + 2];
    };
    return mergePairs(symbols.length, { rank, join }).map((place) => symbols[place]);
  };

  const encodeWord = (word: string): readonly number[] =>
    splitText(writeBytes(utf8.encode(word)), splitting.bytePatterns ?? []).flatMap(encodeBytes);

  return (text) => {
    const normal = splitting.normalization ? text.normalize(splitting.normalization) : text;
    const result: number[] = [];
    for (const word of splitText(normal, splitting.patterns)) {
      let found = remembered.get(word);
      if (!found) {
        found = encodeWord(word);
        if (word.length <= LONGEST_REMEMBERED) {
          if (remembered.size >= MOST_REMEMBERED) remembered.clear();
          remembered.set(word, found);
        }
      }
      for (const id of found) result.push(id);
    }
    return result;
  };
}

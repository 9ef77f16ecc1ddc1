/** What the tokens of a tokenizer stand for. */
export interface TokenBytes {
  /** The bytes of an id. */
  bytesOf(id: number): Uint8Array;
  /** Whether an id is one of those that are found in a text as they are, apart from all rules. */
  isAdded(id: number): boolean;
  /** Where the tokenizer puts a space that is no part of the text: nowhere, in front of it, or after each added token too. */
  spaceInFront: "nowhere" | "text" | "parts";
}

const SPACE = 0x20;

/**
 * The text of each id, so that joined they are the text of all. A letter whose bytes are spread over several tokens is at the
 * first of them, and the others have less or nothing. What is not UTF-8 is U+FFFD, as `TextDecoder` has it.
 */
export function textPieces(ids: readonly number[], { bytesOf, isAdded, spaceInFront }: TokenBytes): string[] {
  const tokens = ids.map((id, place) => {
    const bytes = bytesOf(id);
    const isInFront = place === 0 ? spaceInFront !== "nowhere" : spaceInFront === "parts" && isAdded(ids[place - 1]);
    return isInFront && !isAdded(id) && bytes[0] === SPACE ? bytes.subarray(1) : bytes;
  });
  const all = Buffer.concat(tokens);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let begin = 0;
  let tokenEnd = 0;
  return tokens.map((token) => {
    tokenEnd += token.length;
    let end = begin;
    while (end < tokenEnd) end = letterEnd(all, end);
    const text = decoder.decode(all.subarray(begin, end));
    begin = end;
    return text;
  });
}

/** Where the letter that begins at a byte ends, or what would be one, as far as it goes. Unicode standard, table 3-7. */
function letterEnd(bytes: Uint8Array, begin: number): number {
  const first = bytes[begin];
  const length = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1;
  let end = begin + 1;
  for (; end < begin + length && end < bytes.length; end++) {
    const isSecond = end === begin + 1;
    const lowest = isSecond && first === 0xe0 ? 0xa0 : isSecond && first === 0xf0 ? 0x90 : 0x80;
    const highest = isSecond && first === 0xed ? 0x9f : isSecond && first === 0xf4 ? 0x8f : 0xbf;
    if (bytes[end] < lowest || bytes[end] > highest) break;
  }
  return end;
}

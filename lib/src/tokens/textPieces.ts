/**
 * The texts of tokens that are bytes, so that joined they are the text of all bytes. A letter whose bytes are spread over
 * several tokens is at the first of them, and the others have less or nothing. What is not UTF-8 is U+FFFD, as
 * `TextDecoder` has it.
 *
 * @param tokens the bytes of each
 */
export function textPieces(tokens: readonly Uint8Array[]): string[] {
  const bytes = Buffer.concat(tokens);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let begin = 0;
  let tokenEnd = 0;
  return tokens.map((token) => {
    tokenEnd += token.length;
    let end = begin;
    while (end < tokenEnd) end = letterEnd(bytes, end);
    const text = decoder.decode(bytes.subarray(begin, end));
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

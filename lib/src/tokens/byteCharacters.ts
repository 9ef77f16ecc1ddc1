/**
 * The letters in which byte-level vocabularies write bytes: those that Latin-1 shows stand for themselves, the others for
 * which it has no visible letter are, in order, those from U+0100 on (a space is Ġ).
 *
 * @see Radford et al. 2019, section 2.2
 */
export const BYTE_CHARACTERS: readonly string[] = byteCharacters();

/** The byte of each of these letters. */
export const BYTE_OF_CHARACTER: ReadonlyMap<string, number> = new Map(
  BYTE_CHARACTERS.map((character, byte) => [character, byte]),
);

function byteCharacters(): string[] {
  const isVisible = (byte: number) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  let invisible = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isVisible(byte) ? byte : 0x100 + invisible++));
}

/** Bytes as a byte-level vocabulary writes them. */
export function writeBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += BYTE_CHARACTERS[byte];
  return text;
}

/** The bytes that a token of a byte-level vocabulary stands for; undefined if it has letters that stand for none. */
export function readBytes(token: string): Uint8Array | undefined {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = BYTE_OF_CHARACTER.get(token[i]);
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}

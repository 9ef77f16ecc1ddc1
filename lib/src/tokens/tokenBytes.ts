import { readBytes } from "./byteCharacters";
import { type Step, stepsOf } from "./steps";
import type { TokenBytes } from "./textPieces";

/** What SentencePiece writes for a space. */
export const SPACE = "\u2581";

const utf8 = new TextEncoder();

/** The bytes of a token of a byte-level vocabulary. */
export function byteLevelBytes(token: string): Uint8Array {
  return readBytes(token) ?? utf8.encode(token);
}

/** The bytes of a token of SentencePiece's: the sign for a space is one, and a byte is written `<0x0A>`. */
export function sentencePieceBytes(token: string): Uint8Array {
  return byteOf(token) ?? utf8.encode(token.replaceAll(SPACE, " "));
}

function byteOf(token: string): Uint8Array | undefined {
  const byte = /^<0x([0-9A-F]{2})>$/.exec(token)?.[1];
  return byte === undefined ? undefined : Uint8Array.of(Number.parseInt(byte, 16));
}

/** As SentencePiece writes the token of a byte. */
export const byteToken = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;

/**
 * What the tokens of a tokenizer.json stand for, by the way it writes texts as tokens: what of it tells spaces and bytes.
 *
 * @returns the bytes of a token's text, and where a space is put that is no part of the text (see `TokenBytes`)
 */
export function writingOf(definition: Record<string, unknown>): Omit<TokenBytes, "bytesOf" | "isAdded"> & {
  bytesOfToken(token: string): Uint8Array;
} {
  const steps = [...stepsOf(definition.normalizer), ...stepsOf(definition.pre_tokenizer)];
  const schemes = steps.flatMap(({ type, prepend, prepend_scheme, add_prefix_space }) => {
    if (type === "Prepend") return prepend === SPACE ? ["always"] : [];
    if (type === "Metaspace") return [prepend_scheme ?? (add_prefix_space === false ? "never" : "always")];
    return type === "ByteLevel" && add_prefix_space === true ? ["always"] : [];
  });
  const space = steps.flatMap((step) => spaceOf(step))[0];
  const { byte_fallback, continuing_subword_prefix, end_of_word_suffix } = (definition.model ?? {}) as Step;
  const before = typeof continuing_subword_prefix === "string" ? continuing_subword_prefix : "";
  const after = typeof end_of_word_suffix === "string" ? end_of_word_suffix : "";
  const bytesOfToken = (token: string) => {
    const begin = token.startsWith(before) ? before.length : 0;
    const written = token.slice(begin, token.endsWith(after) ? token.length - after.length : undefined);
    const byte = byte_fallback === true ? byteOf(token) : undefined;
    return byte ?? utf8.encode(space === undefined ? written : written.replaceAll(space, " "));
  };
  return {
    bytesOfToken: steps.some(({ type }) => type === "ByteLevel") ? byteLevelBytes : bytesOfToken,
    spaceInFront: schemes.includes("always") ? "parts" : schemes.includes("first") ? "text" : "nowhere",
  };
}

/** What a step writes for a space, if it does that. */
function spaceOf({ type, pattern, content, replacement }: Step): string[] {
  const isReplacement = type === "Replace" && (pattern as { String?: unknown } | null)?.String === " ";
  const written = type === "Metaspace" ? (replacement ?? SPACE) : isReplacement ? content : undefined;
  return typeof written === "string" && written !== "" ? [written] : [];
}

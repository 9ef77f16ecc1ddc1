import { readBytes } from "./byteCharacters";

/** What SentencePiece writes for a space. */
export const SPACE = "\u2581";

const utf8 = new TextEncoder();

/** The bytes of a token of a byte-level vocabulary. */
export function byteLevelBytes(token: string): Uint8Array {
  return readBytes(token) ?? utf8.encode(token);
}

/** The bytes of a token of SentencePiece's: the sign for a space is one, and a byte is written `<0x0A>`. */
export function sentencePieceBytes(token: string): Uint8Array {
  const byte = /^<0x([0-9A-F]{2})>$/.exec(token)?.[1];
  return byte === undefined ? utf8.encode(token.replaceAll(SPACE, " ")) : Uint8Array.of(Number.parseInt(byte, 16));
}

/** As SentencePiece writes the token of a byte. */
export const byteToken = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;

/** The steps of SentencePiece's decoders that have no say in what a single token is. */
const OTHER_STEPS = ["ByteFallback", "Fuse", "Strip"];

/**
 * What makes bytes of a token, by the decoder that a tokenizer.json names.
 *
 * @param decoder the value of its key "decoder"
 * @returns undefined for other decoders than those of byte-level vocabularies and SentencePiece's
 */
export function bytesByDecoder(decoder: unknown): ((token: string) => Uint8Array) | undefined {
  const steps = stepsOf(decoder, "decoders");
  if (steps.some(({ type }) => type === "ByteLevel")) return byteLevelBytes;
  const isSpace = ({ type, pattern, content }: Step) =>
    type === "Metaspace" || (type === "Replace" && (pattern as Step | null)?.String === SPACE && content === " ");
  const isSentencePiece =
    steps.some(isSpace) && steps.every((step) => isSpace(step) || OTHER_STEPS.includes(step.type));
  return isSentencePiece ? sentencePieceBytes : undefined;
}

/** Where a tokenizer.json has a space put that is no part of the text (see `TokenBytes`). */
export function spaceInFront({ normalizer, pre_tokenizer }: Record<string, unknown>): "nowhere" | "text" | "parts" {
  const steps = [...stepsOf(normalizer, "normalizers"), ...stepsOf(pre_tokenizer, "pretokenizers")];
  const schemes = steps.flatMap(({ type, prepend_scheme, add_prefix_space }) => {
    if (type === "Prepend") return ["always"];
    if (type === "Metaspace") return [prepend_scheme ?? (add_prefix_space === false ? "never" : "always")];
    return type === "ByteLevel" && add_prefix_space === true ? ["always"] : [];
  });
  return schemes.includes("always") ? "parts" : schemes.includes("first") ? "text" : "nowhere";
}

interface Step extends Record<string, unknown> {
  type: string;
}

/** A part of a tokenizer.json, or those of a sequence of parts. */
function stepsOf(part: unknown, inner: string): Step[] {
  if (typeof part !== "object" || part === null) return [];
  const { type, [inner]: steps } = part as Step;
  return type === "Sequence" && Array.isArray(steps) ? steps.flatMap((step) => stepsOf(step, inner)) : [part as Step];
}

import { type GgufHeader, readGgufHeader } from "../machine/gguf/header";
import { shown } from "../machine/support/json";
import { AddedTokens } from "./addedTokens";
import { bytePairEncoder } from "./bytePairEncoding";
import { readMerges, readScores, splittingOfFile } from "./ggufEncodings";
import { type GgufVocabulary, idsOfTypes, namedToken, readGgufVocabulary, refusal, TokenType } from "./ggufVocabulary";
import { sentencePieceEncoder } from "./sentencePieceEncoding";
import { type TokenBytes, textPieces } from "./textPieces";
import type { TextTokenizer } from "./textTokenizer";
import { byteLevelBytes, byteToken, SPACE, sentencePieceBytes } from "./tokenBytes";

/**
 * The tokenizer inside a GGUF file, of the kinds "gpt2" (byte pair encoding of bytes) and "llama" (SentencePiece's, by scores).
 *
 * It gives the ids that the model's original tokenizer gives without special tokens added. As there, a special token whose
 * text stands in a text as it is (`<|endoftext|>`) is that token; tokens that users have defined are found in the same way, the
 * longest first, before anything else is cut. What the file cannot say is lost: that some models swallow the spaces beside a
 * special token (Phi-3).
 *
 * @param path the file, or the first one of a split model
 * @throws UserError if it has no tokenizer, or one that is damaged or of another kind
 * @see ggml, docs/gguf.md, "Tokenizer"
 */
export function loadGgufTokenizer(path: string): TextTokenizer {
  const header = readGgufHeader(path);
  const model = header.metadata.get("tokenizer.ggml.model");
  if (model === undefined) throw refusal(path, "has no tokenizer (tokenizer.ggml.model)");
  const kind = typeof model === "string" && Object.hasOwn(KINDS, model) ? KINDS[model] : undefined;
  if (!kind) {
    const known = Object.keys(KINDS).join(", ");
    throw refusal(path, `its tokenizer is of the kind ${shown(String(model))}, which is not supported (${known} are)`);
  }
  const vocabulary = readGgufVocabulary(header);
  const { tokens, types } = vocabulary;
  const { write, encodePart, bytesOfToken, spaceInFront } = kind(header, vocabulary);
  const whole = idsOfTypes(vocabulary, ADDED);
  const added = new AddedTokens([...whole].map(([token, id]) => [write(token), id]));
  const beginOfText = namedToken(header, "tokenizer.ggml.bos_token_id", tokens.length);
  const utf8 = new TextEncoder();
  const isAdded = (id: number) => ADDED.includes(types[id]);
  const isVerbatim = (id: number) => types[id] === TokenType.control || types[id] === TokenType.unknown;
  const bytesOf = (id: number) =>
    isVerbatim(id) ? utf8.encode(tokens[id]) : bytesOfToken(tokens[id] ?? "", types[id]);

  return {
    beginOfText,
    encode(text) {
      // A half of a pair of UTF-16 is no letter; UTF-8 has U+FFFD in its place.
      const parts = added.split(write(Buffer.from(text).toString()));
      return parts.flatMap((part) => (typeof part === "number" ? part : encodePart(part)));
    },
    pieces: (ids) => textPieces(ids, { bytesOf, isAdded, spaceInFront }),
  };
}

/** The types of tokens that are found in a text as they are. */
const ADDED: readonly number[] = [TokenType.control, TokenType.userDefined, TokenType.unknown];

/** What one kind of tokenizer does with text that holds no added tokens. */
interface Encoding {
  /** How a text is written before added tokens are looked for. */
  write(text: string): string;
  encodePart(text: string): number[];
  /** The bytes that a token stands for, if it is none of the special ones. */
  bytesOfToken(token: string, type: number): Uint8Array;
  spaceInFront: TokenBytes["spaceInFront"];
}

const KINDS: Readonly<Record<string, (header: GgufHeader, vocabulary: GgufVocabulary) => Encoding>> = {
  gpt2: bytePairs,
  llama: sentencePieces,
};

function bytePairs(header: GgufHeader, vocabulary: GgufVocabulary): Encoding {
  const splitting = splittingOfFile(header);
  if (flag(header, "tokenizer.ggml.add_space_prefix", false)) {
    throw refusal(
      header.path,
      "its tokenizer puts spaces in front of words (add_space_prefix), which is not supported",
    );
  }
  // Merges may go through tokens that users have defined, and through unused ones.
  const { normal, userDefined, unused } = TokenType;
  const ids = idsOfTypes(vocabulary, [normal, userDefined, unused]);
  const utf8 = new TextEncoder();
  return {
    write: (text) => text,
    encodePart: bytePairEncoder({ ids, merges: readMerges(header, ids) }, splitting),
    bytesOfToken: (token, type) => (type === userDefined ? utf8.encode(token) : byteLevelBytes(token)),
    spaceInFront: "nowhere",
  };
}

function sentencePieces(header: GgufHeader, vocabulary: GgufVocabulary): Encoding {
  const { path } = header;
  const { normal, userDefined, unused, byte } = TokenType;
  if (flag(header, "tokenizer.ggml.remove_extra_whitespaces", false)) {
    throw refusal(path, "its tokenizer removes spaces (remove_extra_whitespaces), which is not supported");
  }
  if (header.metadata.has("tokenizer.ggml.precompiled_charsmap")) {
    throw refusal(path, "its tokenizer rewrites letters first (precompiled_charsmap), which is not supported");
  }
  const ids = idsOfTypes(vocabulary, [normal, userDefined, unused]);
  const bytes = idsOfTypes(vocabulary, [byte]);
  const byteIds = Array.from({ length: 256 }, (_, value) => bytes.get(byteToken(value)));
  if (bytes.size > 0 && byteIds.includes(undefined)) {
    throw refusal(path, `has tokens for bytes, but none for ${byteToken(byteIds.indexOf(undefined))}`);
  }
  const prefix = flag(header, "tokenizer.ggml.add_space_prefix", true) ? SPACE : "";
  const encode = sentencePieceEncoder({
    ids,
    scores: readScores(header, vocabulary.tokens.length),
    unused: new Set([...ids.values()].filter((id) => vocabulary.types[id] === unused)),
    byteIds: bytes.size > 0 ? (byteIds as number[]) : undefined,
    unknown: namedToken(header, "tokenizer.ggml.unknown_token_id", vocabulary.tokens.length),
  });
  return {
    // A run of spaces may be an added token, and a text may have the sign for a space in it: both are one to it.
    write: (text) => text.replaceAll(" ", SPACE),
    encodePart: (text) => encode(prefix + text),
    bytesOfToken: sentencePieceBytes,
    spaceInFront: prefix === "" ? "nowhere" : "parts",
  };
}

function flag({ path, metadata }: GgufHeader, key: string, otherwise: boolean): boolean {
  const value = metadata.get(key) ?? otherwise;
  if (typeof value === "boolean") return value;
  throw refusal(path, `${key} is ${shown(String(value))}, neither true nor false`);
}

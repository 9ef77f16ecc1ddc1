import { join } from "node:path";
import { readJsonObject } from "../machine/support/json";
import { isThere } from "../machine/support/pointerFile";
import type { Encode } from "./encoder";
import { javascriptEncoder } from "./javascriptEncoder";
import { hasNativeLibrary, nativeEncoder } from "./nativeEncoder";
import { textPieces } from "./textPieces";
import type { TextTokenizer } from "./textTokenizer";
import { writingOf } from "./tokenBytes";
import { readTokenizerDefinition, type TokenizerDefinition } from "./tokenizerDefinition";
import { checkTokenizerLimits } from "./tokenizerLimits";
import { isId } from "./vocabulary";

/** `javascript`: what encodes where the native library is not; it refuses what it would do differently. */
const LIBRARY = "TOKEN_GEOMETRY_TOKENIZERS";

/**
 * Loads tokenizer.json (and tokenizer_config.json, if it is there) of a model folder; vocab.json and merges.txt where there
 * is no tokenizer.json.
 *
 * @throws Error if a file cannot be understood
 */
export function loadHuggingFaceTokenizer(folder: string): TextTokenizer {
  const files = readTokenizerDefinition(folder);
  const { definition, vocabulary } = files;
  const { ids: byText, added, tokens } = vocabulary;
  const { bytesOfToken, spaceInFront } = writingOf(definition);
  // Of runs of spaces that are added tokens (Gemma), those in the vocabulary are written as there.
  const verbatim = new Set(
    (definition.added_tokens as { content: string; special: boolean }[])
      .filter(({ content, special }) => special || !byText.has(content))
      .map(({ content }) => added.get(content)!),
  );
  const utf8 = new TextEncoder();
  const isAdded = (id: number) => verbatim.has(id);
  const bytesOf = (id: number) => {
    const token = tokens.get(id) ?? "";
    return isAdded(id) ? utf8.encode(token) : bytesOfToken(token);
  };
  return {
    encode: encoderOf(definition),
    pieces: (ids) => textPieces(ids, { bytesOf, isAdded, spaceInFront }),
    get beginOfText() {
      return namedBeginning(folder, files);
    },
  };
}

/** @throws Error if the definition is damaged, or too much for what encodes */
export function encoderOf(definition: Record<string, unknown>): Encode {
  checkTokenizerLimits(definition);
  const isNative = process.env[LIBRARY] !== "javascript" && hasNativeLibrary();
  return isNative ? nativeEncoder(definition) : javascriptEncoder(definition);
}

/**
 * The beginning-of-text token that a folder names: `bos_token` of tokenizer_config.json, where the model knows it (one that
 * stands in no vocabulary gets an id past its end); without one, `bos_token_id` of config.json.
 */
function namedBeginning(
  folder: string,
  { settings, vocabulary: { added, ids } }: TokenizerDefinition,
): number | undefined {
  const named = settings.bos_token as string | { content?: unknown } | null | undefined;
  const token = typeof named === "object" ? named?.content : named;
  const known = typeof token === "string" ? (added.get(token) ?? ids.get(token)) : undefined;
  const configPath = join(folder, "config.json");
  const config = isThere(configPath) ? readJsonObject(configPath) : {};
  const size = typeof config.vocab_size === "number" ? config.vocab_size : Number.POSITIVE_INFINITY;
  if (isId(known) && known < size) return known;
  return isId(config.bos_token_id) ? config.bos_token_id : undefined;
}

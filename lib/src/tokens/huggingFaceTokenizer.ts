import { existsSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { readJsonObject } from "../machine/support/json";
import { bytePairDefinition } from "./bytePairFiles";
import { textPieces } from "./textPieces";
import type { TextTokenizer } from "./textTokenizer";
import { bytesByDecoder, spaceInFront } from "./tokenBytes";
import { checkTokenizerLimits } from "./tokenizerLimits";

export const TOKENIZER_FILE = "tokenizer.json";

/**
 * Loads tokenizer.json (and tokenizer_config.json, if it is there) of a model folder; vocab.json and merges.txt where there
 * is no tokenizer.json.
 *
 * @throws Error if a file cannot be understood
 */
export function loadHuggingFaceTokenizer(folder: string): TextTokenizer {
  const path = join(folder, TOKENIZER_FILE);
  const settingsPath = join(folder, "tokenizer_config.json");
  const settings = existsSync(settingsPath) ? readJsonObject(settingsPath) : {};
  const definition = existsSync(path) ? readJsonObject(path) : bytePairDefinition(folder, settings);
  checkTokenizerLimits(definition);
  // What would add special tokens is left out: none are asked for.
  const tokenizer = new Tokenizer({ ...definition, post_processor: null }, settings);
  return {
    encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
    pieces: piecesBy(tokenizer, definition),
    get beginOfText() {
      return namedBeginning(folder, settings, (token) => tokenizer.token_to_id(token));
    },
  };
}

/**
 * The beginning-of-text token that a folder names: `bos_token` of tokenizer_config.json, where the tokenizer knows it; without
 * one, `bos_token_id` of config.json.
 */
function namedBeginning(
  folder: string,
  settings: Record<string, unknown>,
  idOf: (token: string) => number | undefined,
): number | undefined {
  const named = settings.bos_token as string | { content?: unknown } | null | undefined;
  const token = typeof named === "object" ? named?.content : named;
  const known = typeof token === "string" ? idOf(token) : undefined;
  if (isId(known)) return known;
  const configPath = join(folder, "config.json");
  const id = existsSync(configPath) ? readJsonObject(configPath).bos_token_id : undefined;
  return isId(id) ? id : undefined;
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function piecesBy(tokenizer: Tokenizer, definition: Record<string, unknown>): TextTokenizer["pieces"] {
  const bytes = bytesByDecoder(definition.decoder);
  if (!bytes) {
    // The cleaning is one for English texts: it takes the space from in front of a full stop.
    const options = { skip_special_tokens: false, clean_up_tokenization_spaces: false };
    return (ids) => ids.map((id) => tokenizer.decode([id], options));
  }
  const added = tokenizer.get_added_tokens_decoder();
  const utf8 = new TextEncoder();
  const known = {
    isAdded: (id: number) => added.has(id),
    bytesOf(id: number) {
      const token = tokenizer.id_to_token(id) ?? "";
      return added.has(id) ? utf8.encode(token) : bytes(token);
    },
    spaceInFront: spaceInFront(definition),
  };
  return (ids) => textPieces(ids, known);
}

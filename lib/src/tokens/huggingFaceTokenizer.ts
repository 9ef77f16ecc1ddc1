import { existsSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { readJsonObject } from "../support/json";
import { bytePairDefinition } from "./bytePairFiles";
import { textPieces } from "./textPieces";
import { bytesByDecoder, spaceInFront } from "./tokenBytes";
import type { TextTokenizer } from "./tokenizer";
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
  const settings = objectIfThere(join(folder, "tokenizer_config.json"));
  const definition = existsSync(path) ? readJsonObject(path) : bytePairDefinition(folder, settings);
  checkTokenizerLimits(definition);
  // What would add special tokens is left out: none are asked for.
  const tokenizer = new Tokenizer({ ...definition, post_processor: null }, settings);
  return {
    beginOfText: beginOfText(folder, settings, (token) => tokenizer.token_to_id(token)),
    encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
    pieces: piecesBy(tokenizer, definition),
  };
}

function objectIfThere(path: string): Record<string, unknown> {
  return existsSync(path) ? readJsonObject(path) : {};
}

/** By the token that tokenizer_config.json names, else by the id in config.json. */
function beginOfText(
  folder: string,
  { bos_token }: Record<string, unknown>,
  idOf: (token: string) => number | undefined,
): number | undefined {
  const token = typeof bos_token === "object" ? (bos_token as { content?: unknown } | null)?.content : bos_token;
  const id = typeof token === "string" ? idOf(token) : undefined;
  if (id !== undefined) return id;
  const { bos_token_id } = objectIfThere(join(folder, "config.json"));
  return Number.isSafeInteger(bos_token_id) && (bos_token_id as number) >= 0 ? (bos_token_id as number) : undefined;
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

import { existsSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { messageOf, UserError } from "../support/errors";
import { readJsonObject } from "../support/json";
import { bytePairDefinition, hasBytePairFiles } from "./bytePairFiles";

/** Turns text into token ids. */
export interface TextTokenizer {
  /** The ids of a text, without special tokens: nothing is added in front or at the end. */
  encode(text: string): number[];
  /** The text of each single id, for display. */
  pieces(ids: readonly number[]): string[];
}

/**
 * Loads tokenizer.json (and tokenizer_config.json, if it is there) of a model folder; vocab.json and merges.txt where there
 * is no tokenizer.json.
 *
 * @throws UserError if the file is missing or cannot be understood
 */
export function loadTokenizer(folder: string): TextTokenizer {
  const path = join(folder, "tokenizer.json");
  if (!existsSync(path) && !hasBytePairFiles(folder)) {
    throw new UserError(`${folder}: has no tokenizer.json; give token ids instead of text, or add the file`);
  }
  const settingsPath = join(folder, "tokenizer_config.json");
  const settings = existsSync(settingsPath) ? readJsonObject(settingsPath) : {};
  const definition = existsSync(path) ? readJsonObject(path) : bytePairDefinition(folder, settings);
  let tokenizer: Tokenizer;
  try {
    tokenizer = new Tokenizer(definition, settings);
  } catch (error) {
    throw new UserError(`${path}: not a tokenizer that can be used (${messageOf(error)})`, { cause: error });
  }
  return {
    encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
    pieces: (ids) => ids.map((id) => tokenizer.decode([id], { skip_special_tokens: false })),
  };
}

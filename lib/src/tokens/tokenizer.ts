import { existsSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { messageOf, UserError } from "../support/errors";
import { readJsonObject, shown } from "../support/json";
import { isTimeout, withinTime } from "../support/limitedTime";
import { bytePairDefinition, hasBytePairFiles } from "./bytePairFiles";
import { checkTokenizerLimits } from "./tokenizerLimits";

/** A text of 100,000 characters takes half a second; longer than this, in milliseconds, only what never ends. */
const LONGEST_TIME = 10_000;
const LONGEST_TIME_PER_CHARACTER = 1;

/** Turns text into token ids. */
export interface TextTokenizer {
  /**
   * The ids of a text, without special tokens: nothing is added in front or at the end.
   *
   * @throws UserError if the tokenizer fails on it, or does not come to an end
   */
  encode(text: string): number[];
  /** The text of each single id, for display. */
  pieces(ids: readonly number[]): string[];
  /** The id of the token that stands at the beginning of every text the model was trained on; undefined if none is named. */
  readonly beginOfText?: number;
}

/**
 * The id of the model's beginning-of-text token.
 *
 * @param source file or folder of the tokenizer, for the message
 * @throws UserError if the checkpoint names none
 */
export function beginOfText(tokenizer: TextTokenizer, source: string): number {
  if (tokenizer.beginOfText !== undefined) return tokenizer.beginOfText;
  throw new UserError(`${source}: the checkpoint names no beginning-of-text token; leave out bos (--bos)`);
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
  const attempt = <Result>(characters: number, work: () => Result): Result => {
    try {
      return withinTime(LONGEST_TIME + LONGEST_TIME_PER_CHARACTER * characters, work);
    } catch (error) {
      const why = isTimeout(error) ? "it does not come to an end: its patterns may be malicious" : messageOf(error);
      throw new UserError(`${path}: not a tokenizer that can be used (${why})`, { cause: error });
    }
  };
  const tokenizer = attempt(0, () => {
    checkTokenizerLimits(definition);
    // What would add special tokens is left out: none are asked for.
    return new Tokenizer({ ...definition, post_processor: null }, settings);
  });
  return {
    encode(text) {
      const ids: number[] = attempt(text.length, () => tokenizer.encode(text, { add_special_tokens: false }).ids);
      const wrong = ids.findIndex((id) => !Number.isSafeInteger(id) || id < 0);
      if (wrong < 0) return ids;
      throw new UserError(`${path}: gives token ${wrong} of a text the id ${shown(ids[wrong])}; the file is damaged`);
    },
    pieces(ids) {
      return attempt(ids.length, () => ids.map((id) => tokenizer.decode([id], { skip_special_tokens: false })));
    },
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

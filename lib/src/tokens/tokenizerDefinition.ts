import { join } from "node:path";
import { readJsonObject, shown } from "../machine/support/json";
import { isThere } from "../machine/support/pointerFile";
import { addedTokensOfFolder } from "./addedTokenSettings";
import { bytePairDefinition } from "./bytePairFiles";
import { stepsOf } from "./steps";
import { readVocabulary, type Vocabulary } from "./vocabulary";

export const TOKENIZER_FILE = "tokenizer.json";

/** What the files of a folder say together. */
export interface TokenizerDefinition {
  /** As tokenizer.json has it, with all added tokens, and without what adds to ids or takes from them. */
  definition: Record<string, unknown>;
  /** tokenizer_config.json. */
  settings: Record<string, unknown>;
  vocabulary: Vocabulary;
}

/** The classes of transformers that give ByteLevel their own `add_prefix_space`, false where the settings do not name it. */
const PREFIX_CLASSES = ["GPT2", "GPTNeoX", "Qwen2", "Qwen3_5", "CodeGen", "Cohere"].map((name) => `${name}Tokenizer`);

/** The special token of classes where the settings name no other. */
const END_OF_TEXT = "<|endoftext|>";
const ENDS_OF_TEXT = { bos_token: END_OF_TEXT, eos_token: END_OF_TEXT, unk_token: END_OF_TEXT };
const END_OF_TEXT_CLASSES = ["GPT2Tokenizer", "GPTNeoXTokenizer", "Qwen2Tokenizer", "CodeGenTokenizer"];

/** The classes that transformers takes by config.json's `model_type`, where the settings name none. */
const CLASS_OF_MODEL: Readonly<Record<string, string>> = {
  gpt2: "GPT2Tokenizer",
  opt: "GPT2Tokenizer",
  gpt_neox: "GPTNeoXTokenizer",
  qwen2: "Qwen2Tokenizer",
  qwen3: "Qwen2Tokenizer",
};

/**
 * Reads tokenizer.json, or vocab.json and merges.txt where there is none, and what the files beside it change: as
 * transformers 5.24 does, which for the classes above builds the other steps anew too, whatever tokenizer.json says of them
 * (a step Digits is lost with `GPT2Tokenizer`). Here they are tokenizer.json's, with which models are trained.
 *
 * @throws Error if a file cannot be understood
 */
export function readTokenizerDefinition(folder: string): TokenizerDefinition {
  const read = (name: string) => (isThere(join(folder, name)) ? readJsonObject(join(folder, name)) : {});
  const hasDefinition = isThere(join(folder, TOKENIZER_FILE));
  const settings = read("tokenizer_config.json");
  if (settings.split_special_tokens === true) {
    throw new Error("tokenizer_config.json asks for split_special_tokens, which is not supported");
  }
  const given = hasDefinition ? read(TOKENIZER_FILE) : bytePairDefinition(folder);
  const { vocab, dropout } = (given.model ?? {}) as Record<string, unknown>;
  if (dropout) throw new Error(`its model leaves out merges at random (dropout ${shown(dropout)}), as in training`);
  const className = classOf(settings, read("config.json")) ?? (hasDefinition ? "" : "GPT2Tokenizer");
  const hasEnd = Object.hasOwn((vocab ?? {}) as object, END_OF_TEXT);
  const named = hasEnd && END_OF_TEXT_CLASSES.includes(className) ? { ...ENDS_OF_TEXT, ...settings } : settings;
  const added = addedTokensOfFolder(folder, given.added_tokens, named);
  const vocabulary = readVocabulary(given.model, added);
  const definition = {
    ...given,
    added_tokens: added.map((token) => ({ ...token, id: vocabulary.added.get(token.content) })),
    post_processor: null,
    truncation: null,
    padding: null,
  };
  if (PREFIX_CLASSES.includes(className)) setPrefix(definition, settings.add_prefix_space === true);
  return { definition, settings, vocabulary };
}

function classOf(settings: Record<string, unknown>, config: Record<string, unknown>): string | undefined {
  const name = settings.tokenizer_class ?? CLASS_OF_MODEL[String(config.model_type)];
  return typeof name === "string" ? name.replace(/Fast$/, "") : undefined;
}

/** Whether a space goes in front of the first word. */
function setPrefix({ pre_tokenizer }: Record<string, unknown>, add_prefix_space: boolean): void {
  for (const step of stepsOf(pre_tokenizer)) if (step.type === "ByteLevel") step.add_prefix_space = add_prefix_space;
}

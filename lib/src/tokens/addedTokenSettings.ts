import { join } from "node:path";
import { readJsonObject } from "../machine/support/json";
import { isThere } from "../machine/support/pointerFile";

/** A token that is found in a text as it is, as tokenizer.json has it. */
export interface AddedToken extends Record<string, unknown> {
  content: string;
}

/** The keys under which a folder names single tokens, in the order in which ids are given to those that have none. */
const NAMES = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/**
 * All tokens that are found in texts as they are: those of tokenizer.json, those that tokenizer_config.json lists, and those
 * that it names. Where it has no list, special_tokens_map.json and added_tokens.json count.
 *
 * @param own the ones of tokenizer.json
 * @param settings tokenizer_config.json
 * @see github.com/huggingface/transformers 5.24, `PreTrainedTokenizerBase._from_pretrained`
 */
export function addedTokensOfFolder(folder: string, own: unknown, settings: Record<string, unknown>): AddedToken[] {
  const read = (name: string) => (isThere(join(folder, name)) ? readJsonObject(join(folder, name)) : {});
  const { added_tokens_decoder: list } = settings;
  const hasList = typeof list === "object" && list !== null;
  const named = namedTokens(hasList ? settings : { ...settings, ...read("special_tokens_map.json") });
  const special = new Set(named.map(({ content }) => content));
  const older = Object.entries(hasList ? {} : read("added_tokens.json")).sort(([, a], [, b]) => Number(a) - Number(b));
  const added = new Map(((own ?? []) as AddedToken[]).map((token) => [token.content, token]));
  // Keys that are numbers are in ascending order.
  for (const token of Object.values(list ?? {}).flatMap((listed) => tokenOf(listed, false)))
    added.set(token.content, token);
  const others = [...older.flatMap(([content]) => tokenOf(content, special.has(content))), ...named];
  for (const token of others) if (!added.has(token.content)) added.set(token.content, token);
  return [...added.values()];
}

function namedTokens(settings: Record<string, unknown>): AddedToken[] {
  const further = Object.keys(settings).filter((key) => key.endsWith("_token") && !NAMES.includes(key));
  const single = [...NAMES, ...further].map((key) => settings[key]);
  const lists = [settings.extra_special_tokens, settings.additional_special_tokens].flatMap((list) =>
    typeof list === "object" && list !== null ? Object.values(list) : [],
  );
  return [...single, ...lists].flatMap((token) => tokenOf(token, true));
}

/** @returns none if that is no token: under names that end alike there are yes and no as well */
function tokenOf(token: unknown, special: boolean): AddedToken[] {
  const given = (typeof token === "object" && token !== null ? token : { content: token }) as Record<string, unknown>;
  if (typeof given.content !== "string" || given.content === "") return [];
  const flag = (name: string, otherwise = false) => (typeof given[name] === "boolean" ? given[name] : otherwise);
  const isSpecial = special || flag("special");
  return [
    {
      content: given.content,
      single_word: flag("single_word"),
      lstrip: flag("lstrip"),
      rstrip: flag("rstrip"),
      normalized: flag("normalized", !isSpecial),
      special: isSpecial,
    },
  ];
}

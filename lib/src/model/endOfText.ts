import { dirname, join } from "node:path";
import type { Checkpoint } from "../machine/checkpoint/checkpoint";
import { GgufFields } from "../machine/gguf/fields";
import { readGgufHeader } from "../machine/gguf/header";
import { UserError } from "../machine/support/errors";
import { readJsonObject, shown } from "../machine/support/json";
import { isThere } from "../machine/support/pointerFile";

/**
 * The tokens at which a model's text ends: `eos_token_id` of generation_config.json; where there is no such file, that of
 * config.json or of the text model in it; of a GGUF file `tokenizer.ggml.eos_token_id`. None where that is not named.
 *
 * @throws UserError if it is named, and is neither an id nor a list of ids
 * @see transformers 5.24, generation/configuration_utils.py
 */
export function endOfTextIds({ config }: Pick<Checkpoint, "config">): number[] {
  if (config.path.endsWith(".gguf")) {
    return [new GgufFields(readGgufHeader(config.path)).index("tokenizer.ggml.eos_token_id") ?? []].flat();
  }
  const generation = join(dirname(config.path), "generation_config.json");
  if (isThere(generation)) return idsIn(readJsonObject(generation), generation);
  const section = config.has("eos_token_id") ? config : (config.section("text_config") ?? config);
  return idsIn(section.fields, section.path);
}

function idsIn({ eos_token_id: named }: Readonly<Record<string, unknown>>, path: string): number[] {
  if (named === undefined || named === null) return [];
  const ids = [named].flat();
  if (ids.every((id) => Number.isSafeInteger(id) && (id as number) >= 0)) return ids as number[];
  throw new UserError(`${path}: eos_token_id is ${shown(named)}; it must be the id of a token, or a list of ids`);
}

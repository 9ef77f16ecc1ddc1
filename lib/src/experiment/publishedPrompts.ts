import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../support/errors";
import { PROJECT_ROOT } from "../support/project";
import type { Profile } from "./profiles";

interface PublishedPrompts {
  provenance: string;
  /** Rows of Pile-10k. */
  prompts: number[];
  models: Record<string, { intrinsicDimension: number[][][] }>;
}

let loaded: PublishedPrompts | undefined;

/** The authors' results of single prompts, as data/published/prompts.json holds them. */
function publishedPrompts(): PublishedPrompts {
  loaded ??= JSON.parse(readFileSync(join(PROJECT_ROOT, "data/published/prompts.json"), "utf8")) as PublishedPrompts;
  return loaded;
}

/** Rows of Pile-10k that single-prompt results are published of: the 50 prompts of the shuffle experiments. */
export function publishedPromptRows(): number[] {
  return publishedPrompts().prompts;
}

/**
 * Published intrinsic dimension (n2 = 2) of one prompt, layers 1..32.
 *
 * @param row of Pile-10k
 * @throws UserError naming the known models or rows
 */
export function publishedPromptDimension(model: string, row: number, shuffleIndex: number): Profile {
  const { prompts, models } = publishedPrompts();
  if (!Object.hasOwn(models, model)) {
    throw new UserError(`no published prompts of "${model}"; there are those of ${Object.keys(models).join(", ")}`);
  }
  const place = prompts.indexOf(row);
  if (place < 0) throw new UserError(`no published results of prompt ${row}; there are ${prompts.join(", ")}`);
  const values = models[model].intrinsicDimension[place][shuffleIndex];
  if (!values) throw new UserError(`no published results for shuffle index ${shuffleIndex}; there are 0 to 5`);
  return { layers: values.map((_, i) => i + 1), values };
}

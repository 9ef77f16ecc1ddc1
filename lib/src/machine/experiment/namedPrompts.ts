import type { Prompt } from "../../prompts/prompt";
import { UserError } from "../support/errors";
import { didYouMean } from "../support/nearest";

/** The prompts of the names that settings ask for; all if they name none. @throws UserError if one is not there */
export function namedPrompts(
  loaded: readonly Prompt[],
  { prompts, promptName }: { prompts: string; promptName?: string | readonly string[] },
): Prompt[] {
  if (promptName === undefined) return [...loaded];
  const wanted = [promptName].flat();
  const missing = wanted.find((name) => !loaded.some((prompt) => prompt.name === name));
  if (missing !== undefined) {
    const meant = didYouMean(
      missing,
      loaded.map(({ name }) => name),
    );
    throw new UserError(`${prompts}: holds no prompt "${missing}"${meant}`);
  }
  return loaded.filter(({ name }) => wanted.includes(name));
}

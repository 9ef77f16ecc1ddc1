import { existsSync } from "node:fs";
import { UserError } from "../machine/support/errors";
import { resolveFromProject } from "../machine/support/project";
import type { Prompt } from "./prompt";
import { EMBEDDED_PROMPTS, loadPrompts } from "./prompts";
import { pythonStrip } from "./strip";

/** No path is longer; a text may be. */
const LONGEST_PATH = 300;
const NAME_LENGTH = 32;

/**
 * A prompt from what a person wrote into one parameter: a file (its first prompt), the name of a prompt ("fiction-realist"),
 * or the text itself.
 *
 * @param among which prompts are known by their names, as {@link loadPrompts} takes them; the embedded ones without it
 * @throws UserError if it is empty, or looks like a file and there is none
 * @example (await loadPromptOrText("fiction-realist")).name; // "fiction-realist"
 */
export async function loadPromptOrText(source: string, among: string = EMBEDDED_PROMPTS): Promise<Prompt> {
  const text = pythonStrip(source);
  if (text === "") throw new UserError("the prompt is empty: write a text, or name a file");
  if (text.length <= LONGEST_PATH && !text.includes("\n")) {
    const isFile = existsSync(resolveFromProject(text)) || /^\S+\.(txt|jsonl?|csv|tsv|parquet)$/.test(text);
    if (isFile) return (await loadPrompts(text))[0];
    const named = (await loadPrompts(among)).find(({ name }) => name === text);
    if (named) return named;
  }
  return { name: nameOf(text), text };
}

/** The first words of a text. */
function nameOf(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  if (line.length <= NAME_LENGTH) return `“${line}”`;
  return `“${line.slice(0, NAME_LENGTH).replace(/\s+\S*$/, "")} …”`;
}

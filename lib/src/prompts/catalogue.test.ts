import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT_ROOT } from "../machine/support/project";
import { PAPER_PROMPT_LENGTH } from "../tokens/tokenizedPrompts";
import { loadTokenizer } from "../tokens/tokenizer";
import { EMBEDDED_PROMPT_FOLDER, loadPrompts } from "./prompts";

interface Entry {
  name: string;
  kind: string;
  file: string;
  tokens: { mini: number };
}

const catalogue: Entry[] = JSON.parse(readFileSync(join(EMBEDDED_PROMPT_FOLDER, "catalogue.json"), "utf8"));

test("lists every embedded prompt once, in the order in which they are loaded", async () => {
  const prompts = await loadPrompts("embedded");
  expect(catalogue.map(({ name }) => name)).toEqual(prompts.map(({ name }) => name));
  const files = readdirSync(EMBEDDED_PROMPT_FOLDER).filter((name) => name.endsWith(".txt"));
  expect(catalogue.map(({ file }) => file)).toEqual(files.sort());
  expect(catalogue.map(({ name, file }) => [name, `${name}.txt` === file])).toEqual(
    catalogue.map(({ name }) => [name, true]),
  );
  for (const { kind } of catalogue) expect(kind).toMatch(/\S/);
});

test("counts tokens as the embedded models' tokenizer does, and every prompt is long enough", async () => {
  const tokenizer = loadTokenizer(join(PROJECT_ROOT, "data/models/llama-mini"));
  const prompts = await loadPrompts("embedded");
  const counts = prompts.map(({ name, text }) => [name, tokenizer.encode(text).length]);
  expect(catalogue.map(({ name, tokens }) => [name, tokens.mini])).toEqual(counts);
  for (const [name, count] of counts) expect(count, `${name}`).toBeGreaterThanOrEqual(PAPER_PROMPT_LENGTH);
});

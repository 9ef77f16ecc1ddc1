import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT_ROOT } from "../machine/support/project";
import { tokenizePrompts } from "./tokenizedPrompts";
import { loadTokenizer } from "./tokenizer";

const tokenizer = loadTokenizer(join(PROJECT_ROOT, "data/models/llama-mini"));

test("prompts are cut to their first tokens", () => {
  const text = "The tide came in over the flats.";
  const all = tokenizer.encode(text);
  const [prompt] = tokenizePrompts(tokenizer, [{ name: "tide", text }], 5);
  expect(prompt).toEqual({ name: "tide", ids: all.slice(0, 5) });
  expect(tokenizePrompts(tokenizer, [{ name: "tide", text }], all.length)[0].ids).toEqual(all);
});

test("a prompt that is too short is refused by name, with both lengths", () => {
  expect(() => tokenizePrompts(tokenizer, [{ name: "short", text: "x" }], 9)).toThrow(
    "prompt short: has 1 tokens, fewer than the 9 asked for",
  );
});

test("nothing is added, and the pieces of all tokens are the text again", () => {
  for (const text of ["plain words", "tab\tand\nline", " leading", "<|endoftext|>", ""]) {
    expect(tokenizer.pieces(tokenizer.encode(text)).join("")).toBe(text);
  }
});

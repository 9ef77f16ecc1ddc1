/** Damaged and foreign tokenizers in GGUF files: each is refused in one line that names the file, what is wrong, and the way out. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Metadata, makeGgufTokenizer, texts, values } from "../../../tests/support/ggufTokenizers";
import { UserError } from "../machine/support/errors";
import { loadTokenizer } from "./tokenizer";

const folder = mkdtempSync(join(tmpdir(), "bad-gguf-tokenizers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = join(folder, "some.gguf");

function load(kind: "gpt2" | "llama", changes: Metadata) {
  writeFileSync(path, makeGgufTokenizer(kind, changes));
  return loadTokenizer(path);
}

type Case = [title: string, kind: "gpt2" | "llama", changes: Metadata, ...words: string[]];

const CASES: Case[] = [
  ["no tokenizer", "gpt2", { model: undefined }, "has no tokenizer (tokenizer.ggml.model)"],
  ["BERT's", "gpt2", { model: ["text", "bert"] }, 'of the kind "bert"', "gpt2, llama are"],
  ["T5's", "llama", { model: ["text", "t5"] }, 'of the kind "t5"'],
  ["a kind that is a number", "llama", { model: ["u32", 3] }, 'of the kind "3"'],
  ["the name of a function", "llama", { model: ["text", "constructor"] }, 'of the kind "constructor"'],
  ["no tokens", "gpt2", { tokens: undefined }, "has no vocabulary"],
  ["tokens that are numbers", "gpt2", { tokens: values("i32", [1, 2]) }, "has no vocabulary"],
  ["a single text as tokens", "gpt2", { tokens: ["text", "a"] }, "has no vocabulary"],
  ["no types", "gpt2", { token_type: undefined }, "which tokens are special"],
  ["too few types", "gpt2", { token_type: values("i32", [1, 1]) }, "types of 2"],
  [
    "a type beyond all",
    "llama",
    { token_type: values("i32", [2, 3, 1, 9, 1, 1, 1]) },
    "token 3 is of an unknown type (9)",
  ],
  [
    "a token of a megabyte",
    "llama",
    { tokens: texts("<unk>", "<s>", "a".repeat(2 ** 20), "b", "c", "d", "e") },
    "1048576 characters",
  ],
  [
    "one text twice",
    "llama",
    { tokens: texts("<unk>", "<s>", "a", "a", "c", "d", "e") },
    'tokens 2 and 3 are both "a"',
  ],
  ["no merges", "gpt2", { merges: undefined }, "has no merges"],
  ["a merge of one", "gpt2", { merges: texts("a b", "ab") }, "merge 1", '"ab"', "no pair"],
  ["a merge of three", "gpt2", { merges: texts("a b c") }, "merge 0", "no pair"],
  ["a merge of nothing", "gpt2", { merges: texts(" b") }, "merge 0", "no pair"],
  ["a merge to what is no token", "gpt2", { merges: texts("b a") }, "merge 0", '"ba", which is no token'],
  ["a merge of a special token", "gpt2", { merges: texts("<s> a") }, '"<s>", which is no token'],
  ["an unknown way of cutting", "gpt2", { pre: ["text", "runes"] }, '"runes" (tokenizer.ggml.pre)', "smollm"],
  ["the name of a function to cut by", "gpt2", { pre: ["text", "toString"] }, '"toString" (tokenizer.ggml.pre)'],
  ["no way of cutting", "gpt2", { pre: undefined }, "does not say how its tokenizer cuts texts"],
  ["spaces in front of words", "gpt2", { add_space_prefix: ["bool", true] }, "add_space_prefix"],
  ["a flag that is a number", "llama", { add_space_prefix: ["u32", 1] }, "neither true nor false"],
  ["spaces that are removed", "llama", { remove_extra_whitespaces: ["bool", true] }, "remove_extra_whitespaces"],
  ["letters that are rewritten", "llama", { precompiled_charsmap: values("u8", [1, 2]) }, "precompiled_charsmap"],
  ["no scores", "llama", { scores: undefined }, "has no scores"],
  ["too few scores", "llama", { scores: values("f32", [0, 0]) }, "has 7 tokens, but the scores of 2"],
  [
    "a score that is no number",
    "llama",
    { scores: values("f32", [0, 0, -1, Number.NaN, -3, -4, -5]) },
    "score of token 3 is NaN",
  ],
  [
    "some bytes without others",
    "llama",
    {
      tokens: texts("<unk>", "<s>", "a", "b", "ab", "\u2581", "<0x0A>"),
      token_type: values("i32", [2, 3, 1, 1, 1, 1, 6]),
    },
    "none for <0x00>",
  ],
  ["a beginning beyond the tokens", "llama", { bos_token_id: ["u32", 7] }, "bos_token_id", "there are 7 tokens"],
  ["a beginning that is a text", "llama", { bos_token_id: ["text", "<s>"] }, "bos_token_id"],
  ["an unknown token beyond the tokens", "llama", { unknown_token_id: ["u32", 4_000_000_000] }, "unknown_token_id"],
];

test.each(CASES)("%s", (_title, kind, changes, ...words) => {
  let message = "";
  try {
    load(kind, changes);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    message = (error as UserError).message;
  }
  for (const word of [path, ...words, "give token ids instead of text (--ids)"]) expect(message).toContain(word);
  expect(message).not.toContain("\n");
  expect(message.length).toBeLessThan(700);
});

describe("what is unusual and right", () => {
  test("the files that the cases damage", () => {
    expect(load("gpt2", {}).encode("ab<s>b")).toEqual([4, 1, 3]);
    expect(load("llama", {}).encode("ab<s>b")).toEqual([5, 4, 1, 5, 3]);
  });

  test("letters without a token: left out of bytes, the unknown one by scores, once for several", () => {
    expect(load("gpt2", {}).encode("a\u00e9b")).toEqual([4]);
    expect(load("llama", {}).encode("a??b")).toEqual([5, 2, 0, 3]);
    expect(load("llama", { unknown_token_id: undefined }).encode("a??b")).toEqual([5, 2, 3]);
  });

  test("an unused token is taken apart again", () => {
    const token_type = values("i32", [2, 3, 1, 1, 5, 1, 1]);
    expect(load("llama", { token_type }).encode("ab")).toEqual([5, 2, 3]);
  });

  test("no beginning is named", () => {
    expect(load("llama", { bos_token_id: undefined }).beginOfText).toBeUndefined();
  });
});

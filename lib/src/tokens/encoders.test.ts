/** The native library and what stands in for it: the ids of the original, or a refusal that names the setting. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RandomTokenizers } from "../../../tests/support/randomTokenizers";
import type { Encode } from "./encoder";
import { javascriptEncoder } from "./javascriptEncoder";
import { hasNativeLibrary, nativeEncoder } from "./nativeEncoder";
import { readVocabulary } from "./vocabulary";

interface Case {
  title: string;
  definition: Record<string, unknown>;
  ids: number[][];
}
const FIXTURE = join(__dirname, "../../../tests/fixtures/tokenizer-steps.json");
const { texts, cases } = JSON.parse(readFileSync(FIXTURE, "utf8")) as { texts: string[]; cases: Case[] };

const EMPTY = { version: "1.0", added_tokens: [], normalizer: null, pre_tokenizer: null };

/** What a refusal of the stand-in says: which setting it is, and what to do. */
const REFUSAL = /^.*\w.* needs the package @anush008\/tokenizers/;

/** The ids of texts, or why there are none. */
function idsOf(
  encoder: (definition: Record<string, unknown>) => Encode,
  { definition }: Pick<Case, "definition">,
  of: string[],
) {
  try {
    return of.map(encoder({ ...EMPTY, ...definition }));
  } catch (error) {
    return (error as Error).message;
  }
}

test("the native library is there", () => {
  expect(hasNativeLibrary()).toBe(true);
});

describe("the ids of Python's tokenizers", () => {
  test.each(cases.map((example) => [example.title, example] as const))("%s", (_title, example) => {
    expect(idsOf(nativeEncoder, example, texts)).toEqual(example.ids);
    const ids = idsOf(javascriptEncoder, example, texts);
    if (typeof ids === "string") expect(ids).toMatch(REFUSAL);
    else expect(ids).toEqual(example.ids);
  });

  test("the stand-in does what most models need", () => {
    const done = cases.filter((example) => Array.isArray(idsOf(javascriptEncoder, example, [])));
    const titles = done.map(({ title }) => title);
    expect(titles).toEqual(expect.arrayContaining(["GPT-4", "Llama", "bytes", "Digits True and bytes"]));
  });
});

test("a thousand random tokenizers: the same ids, or a refusal", () => {
  const draw = new RandomTokenizers("a thousand tokenizers");
  let same = 0;
  for (let count = 0; count < 1000; count++) {
    const { definition, added } = draw.definition();
    const own = [0, 1, 2].map(() => draw.textWith(added, 12));
    const ids = idsOf(javascriptEncoder, { definition }, own);
    const original = idsOf(nativeEncoder, { definition }, own);
    if (typeof ids === "string") {
      expect(ids).toMatch(REFUSAL);
    } else {
      expect(ids, JSON.stringify({ definition, own })).toEqual(original);
      same++;
    }
    // What has an id is in the vocabulary that pieces are taken from.
    const { tokens } = readVocabulary(definition.model, definition.added_tokens as never);
    if (Array.isArray(original)) expect(original.flat().every((id) => tokens.has(id))).toBe(true);
  }
  expect(same).toBeGreaterThan(150);
});

test("a definition that breaks the native library is refused, and the next one is read", () => {
  const model = { type: "BPE", vocab: { a: 0, b: 1 }, merges: [] };
  const precompiled_charsmap = Buffer.from([8, 0, 0, 0, 255, 255, 255, 255]).toString("base64");
  const broken = { model, normalizer: { type: "Precompiled", precompiled_charsmap } };
  expect(idsOf(nativeEncoder, { definition: broken }, ["a"])).toMatch(/does not come to an end/);
  expect(idsOf(nativeEncoder, { definition: { model } }, ["ab"])).toEqual([[0, 1]]);
});

test("more tokenizers than are kept, one after the other", () => {
  const encoders = Array.from({ length: 8 }, (_, id) =>
    nativeEncoder({ ...EMPTY, model: { type: "BPE", vocab: { a: id }, merges: [] } }),
  );
  for (const round of [0, 1]) {
    for (const [id, encode] of encoders.entries()) expect([round, encode("a")]).toEqual([round, [id]]);
  }
});

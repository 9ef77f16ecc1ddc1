import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { replaceText } from "../../../tests/support/ggufTokenizers";
import { namedModelPath } from "../machine/hub/modelCache";
import { DEFAULT_MODEL, namedModel } from "../machine/hub/namedModels";
import { PROJECT_ROOT } from "../machine/support/project";
import { splittingNames } from "./splitting";
import type { TextTokenizer } from "./textTokenizer";
import { loadTokenizer } from "./tokenizer";

const FIXTURE = join(PROJECT_ROOT, "tests/fixtures/gguf-tokenizers");
const expected = JSON.parse(readFileSync(join(FIXTURE, "expected.json"), "utf8")) as {
  texts: string[];
  "byte-level": Record<string, number[][]>;
  prefixed: number[][];
  plain: number[][];
};
const real = JSON.parse(readFileSync(join(FIXTURE, "real.json"), "utf8")) as Record<
  string,
  { prompts: Record<string, { tokens: number; first: number[]; sha256: string }>; texts: number[][] }
>;
const folder = mkdtempSync(join(tmpdir(), "gguf-tokenizers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fixture = (name: string) => join(FIXTURE, `${name}.gguf`);

function expectTokens(tokenizer: TextTokenizer, ids: readonly number[][]): void {
  expect(ids).toHaveLength(expected.texts.length);
  for (const [index, text] of expected.texts.entries()) {
    expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(ids[index]);
  }
}

describe("byte pair encoding, as the tokenizers library of Hugging Face does it", () => {
  const tokenizerOf = (pre: string) => {
    const path = join(folder, `${pre}.gguf`);
    writeFileSync(path, replaceText(readFileSync(fixture("byte-level")), "tokenizer.ggml.pre", pre));
    return loadTokenizer(path);
  };

  test.each(Object.entries(expected["byte-level"]))("%s", (pre, ids) => {
    expectTokens(tokenizerOf(pre), ids);
  });

  test("every way of cutting that is known is tried", () => {
    expect(Object.keys(expected["byte-level"]).sort()).toEqual(splittingNames().sort());
  });

  test("files that do not say how texts are cut: of two architectures it is known", () => {
    const bytes = replaceText(readFileSync(fixture("byte-level")), "tokenizer.ggml.pre", "default");
    const path = join(folder, "undecided.gguf");
    for (const [architecture, pre] of [
      ["gptneox", "olmo"],
      ["gpt2", "gpt-2"],
    ]) {
      writeFileSync(path, replaceText(bytes, "general.architecture", architecture));
      expectTokens(loadTokenizer(path), expected["byte-level"][pre]);
    }
    writeFileSync(path, bytes);
    expect(() => loadTokenizer(path)).toThrow(/does not say how its tokenizer cuts texts .*--ids/);
  });

  test("pieces join to the text, letters of several tokens being at the first", () => {
    const tokenizer = tokenizerOf("gpt-2");
    // The vocabulary lacks the bytes 04 and 13.
    for (const text of expected.texts.filter((text) => !text.includes("\x04"))) {
      expect(tokenizer.pieces(tokenizer.encode(text)).join("")).toBe(text);
    }
    const ids = tokenizer.encode("\u{1f422}!");
    expect(ids.length).toBeGreaterThan(2);
    expect(tokenizer.pieces(ids)).toEqual(["\u{1f422}", ...Array(ids.length - 2).fill(""), "!"]);
    expect(tokenizer.pieces(ids.slice(1, 2))).toEqual(["\ufffd"]);
  });
});

describe("encoding by scores, as SentencePiece does it", () => {
  test.each(["prefixed", "plain"] as const)("%s", (name) => {
    expectTokens(loadTokenizer(fixture(name)), expected[name]);
  });

  test.each(["prefixed", "plain"] as const)("pieces of %s join to the text", (name) => {
    const tokenizer = loadTokenizer(fixture(name));
    // The sign that is written for a space cannot be told from one.
    for (const text of expected.texts.filter((text) => !text.includes("\u2581"))) {
      expect(tokenizer.pieces(tokenizer.encode(text)).join("")).toBe(text);
    }
    const pieces = tokenizer.pieces(tokenizer.encode("the the"));
    expect(pieces.slice(-1)).toEqual([" the"]);
  });
});

describe("where the tokenizer is", () => {
  const ids = loadTokenizer(fixture("plain")).encode("the sea");
  const folderWith = (...files: string[]) => {
    const target = mkdtempSync(join(folder, "model-"));
    for (const file of files) copyFileSync(fixture("plain"), join(target, file));
    return target;
  };

  test("in the only file of a folder, or the first of a split one, whichever is named", () => {
    const split = folderWith("m-00001-of-00002.gguf");
    writeFileSync(join(split, "m-00002-of-00002.gguf"), "");
    for (const path of [folderWith("some.gguf"), split, join(split, "m-00002-of-00002.gguf")]) {
      expect(loadTokenizer(path).encode("the sea")).toEqual(ids);
    }
  });

  test("tokenizer.json goes before it; of two models one has to be named", () => {
    const both = folderWith("some.gguf");
    copyFileSync(join(PROJECT_ROOT, "data/models/llama-mini/tokenizer.json"), join(both, "tokenizer.json"));
    expect(loadTokenizer(both).encode("the sea")).not.toEqual(ids);
    expect(() => loadTokenizer(folderWith("a.gguf", "b.gguf"))).toThrow("name one of them: a.gguf, b.gguf");
    const none = join(folder, "none");
    mkdirSync(none);
    expect(() => loadTokenizer(none)).toThrow("has no tokenizer.json; give token ids");
  });

  test("it names the beginning of a text", () => {
    expect(loadTokenizer(fixture("byte-level")).beginOfText).toBe(1);
  });
});

test("a long text takes time in proportion, words without end too", () => {
  for (const name of ["byte-level", "plain"]) {
    const tokenizer = loadTokenizer(fixture(name));
    for (const text of ["a", "ab1 ", " ", "\u65e5", "the theater\n"]) {
      const long = text.repeat(100_000 / text.length);
      const started = process.cpuUsage();
      expect(tokenizer.pieces(tokenizer.encode(long)).join("") === long).toBe(true);
      const { user } = process.cpuUsage(started);
      expect(user / 1e6).toBeLessThan(10); // A tenth of a second or so; were it quadratic, minutes.
    }
  }
});

describe.each(Object.entries(real))("%s", (name, { prompts, texts }) => {
  const path = namedModelPath(namedModel(name)!);
  // .ci/run says so where it has fetched the default model.
  const isThere = existsSync(path) || (name === DEFAULT_MODEL && Boolean(process.env.TOKEN_GEOMETRY_EXPECT_MODEL));
  test.skipIf(!isThere)(
    `${Object.keys(prompts).length} prompts as the original tokenizer cuts them${isThere ? "" : ` (skipped: no ${path})`}`,
    { timeout: 120_000 },
    () => {
      const tokenizer = loadTokenizer(path);
      for (const [prompt, { tokens, first, sha256 }] of Object.entries(prompts)) {
        const text = readFileSync(join(PROJECT_ROOT, "data/prompts", `${prompt}.txt`), "utf8");
        const ids = tokenizer.encode(text);
        expect(ids.slice(0, first.length), prompt).toEqual(first);
        expect(ids, prompt).toHaveLength(tokens);
        expect(createHash("sha256").update(ids.join(",")).digest("hex"), prompt).toBe(sha256);
        expect(tokenizer.pieces(ids).join("")).toBe(text);
      }
      expectTokens(tokenizer, texts);
    },
  );
});

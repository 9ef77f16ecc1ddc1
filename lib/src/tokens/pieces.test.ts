/** The texts of single tokens, which joined have to be the text that they were made of. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { RandomTokenizers } from "../../../tests/support/randomTokenizers";
import { PROJECT_ROOT } from "../machine/support/project";
import { type Step, stepsOf } from "./steps";
import { textPieces } from "./textPieces";
import { loadTokenizer } from "./tokenizer";

const folder = mkdtempSync(join(tmpdir(), "pieces-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tokenizerOf(definition: Record<string, unknown>, pieces: readonly string[], merges: readonly string[][]) {
  const target = mkdtempSync(join(folder, "model-"));
  const model = {
    type: "BPE",
    unk_token: null,
    byte_fallback: true,
    vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
    merges,
  };
  const whole = { version: "1.0", added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null };
  writeFileSync(join(target, "tokenizer.json"), JSON.stringify({ ...whole, ...definition, model }));
  return loadTokenizer(target);
}

/** As of Mistral 7B v0.1. */
const SENTENCE_PIECE = {
  normalizer: {
    type: "Sequence",
    normalizers: [
      { type: "Prepend", prepend: "\u2581" },
      { type: "Replace", pattern: { String: " " }, content: "\u2581" },
    ],
  },
  decoder: {
    type: "Sequence",
    decoders: [
      { type: "Replace", pattern: { String: "\u2581" }, content: " " },
      { type: "ByteFallback" },
      { type: "Fuse" },
      { type: "Strip", content: " ", start: 1, stop: 0 },
    ],
  },
};

describe("tokenizer.json", () => {
  test("SentencePiece's spaces stay, but for the one that was put in front", () => {
    const bytes = ["<0xC3>", "<0xA9>"];
    const merges = [
      ["\u2581", "t"],
      ["h", "e"],
      ["\u2581t", "he"],
    ];
    const vocabulary = ["\u2581", "t", "h", "e", "\u2581t", "he", "\u2581the", ...bytes];
    const tokenizer = tokenizerOf(SENTENCE_PIECE, vocabulary, merges);
    expect(tokenizer.pieces(tokenizer.encode("the the"))).toEqual(["the", " the"]);
    expect(tokenizer.pieces(tokenizer.encode(" the"))).toEqual(["", " the"]);
    expect(tokenizer.pieces(tokenizer.encode("h\u00e9"))).toEqual(["", "h", "\u00e9", ""]);
  });

  test("the space before a full stop stays, though the settings say nothing on cleaning", () => {
    const level = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
    const merges = [".", "b", "'", "n"].map((letter) => ["\u0120", letter]);
    const pieces = ["a", "b", ".", "'", "n", "\u0120", "\u0120.", "\u0120b", "\u0120'", "\u0120n"];
    const tokenizer = tokenizerOf({ pre_tokenizer: level, decoder: level }, pieces, merges);
    expect(tokenizer.pieces(tokenizer.encode("a . b '"))).toEqual(["a", " .", " b", " '"]);
  });

  test("letters that are spread over several tokens are there once", () => {
    const tokenizer = loadTokenizer(join(PROJECT_ROOT, "data/models/llama-mini"));
    for (const text of [
      "caf\u00e9 na\u00efve",
      "\u0395\u03bb\u03bb\u03ac\u03b4\u03b1",
      "5 \u00b5m \u2013 3 \u00b0C \u{1f422}",
    ]) {
      expect(tokenizer.pieces(tokenizer.encode(text)).join("")).toBe(text);
    }
  });
});

/** Whether pieces can be the text: nothing is rewritten, taken away, or added but a space in front. */
function keepsTexts({ normalizer, pre_tokenizer, model, added_tokens }: Record<string, unknown>): boolean {
  const { type, byte_fallback, vocab } = model as { type: string; byte_fallback: boolean; vocab: object };
  const steps = [...stepsOf(normalizer), ...stepsOf(pre_tokenizer)];
  const kept = ["Digits", "Sequence", "UnicodeScripts"];
  const bytes = byte_fallback && Object.keys(vocab).filter((token) => /^<0x..>$/.test(token)).length === 256;
  const isByteLevel = steps.filter((step) => step.type === "ByteLevel").length === 1 && Object.hasOwn(vocab, "\u0120");
  const isSafe = (step: Step) =>
    ((kept.includes(step.type) || (step.type === "ByteLevel" && isByteLevel)) && step.add_prefix_space !== true) ||
    (step.prepend === "\u2581" && !isByteLevel) ||
    (step.content === "\u2581" && Object.hasOwn(vocab, "\u2581") && (step.pattern as Step).String === " ") ||
    (step.type === "Split" && step.behavior !== "Removed");
  const isAmbiguous = ({ content, lstrip, rstrip }: Step) =>
    lstrip || rstrip || Object.hasOwn(vocab, content as string);
  return type === "BPE" && (isByteLevel || bytes) && !(added_tokens as Step[]).some(isAmbiguous) && steps.every(isSafe);
}

test("pieces of random tokenizers are the text, letter by letter", () => {
  const draw = new RandomTokenizers("pieces");
  let count = 0;
  for (let trial = 0; trial < 600; trial++) {
    const { definition, added } = draw.definition();
    // The sign for a space is one, whoever wrote it.
    const text = draw.textWith(added, 20).replaceAll("\u2581", " ").replaceAll("\ud800", "");
    if (!keepsTexts(definition)) continue;
    const target = mkdtempSync(join(folder, "model-"));
    writeFileSync(join(target, "tokenizer.json"), JSON.stringify(definition));
    const tokenizer = loadTokenizer(target);
    const pieces = tokenizer.pieces(tokenizer.encode(text));
    expect(pieces.join(""), JSON.stringify({ text, definition })).toBe(text);
    count++;
  }
  expect(count).toBeGreaterThan(60);
});

describe("bytes of tokens", () => {
  const pieces = (...tokens: number[][]) =>
    textPieces([...tokens.keys()], {
      bytesOf: (id) => Uint8Array.from(tokens[id]),
      isAdded: () => false,
      spaceInFront: "nowhere",
    });

  test("a letter is where its first byte is", () => {
    expect(pieces([0x41, 0xe2], [0x82], [0xac, 0x42], [])).toEqual(["A\u20ac", "", "B", ""]);
  });

  test("what is no letter is as TextDecoder has it", () => {
    const cases = [
      [0x82],
      [0xe2, 0x82],
      [0xc0, 0xaf],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xf0, 0x9f, 0x41],
      [0xff],
    ];
    for (const bytes of cases) {
      const text = new TextDecoder().decode(Uint8Array.from([...bytes, 0x2e]));
      expect(pieces(...bytes.map((byte) => [byte]), [0x2e]).join("")).toBe(text);
      expect(pieces([...bytes, 0x2e])).toEqual([text]);
    }
  });

  test("a byte order mark is a letter as any other", () => {
    expect(pieces([0xef, 0xbb, 0xbf], [0x41])).toEqual(["\ufeff", "A"]);
  });
});

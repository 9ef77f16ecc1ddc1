/** Small tokenizers of all kinds, in the format of github.com/huggingface/tokenizers. */
import type { Sample } from "./readers";

const LETTERS = "abcdefghijklmnopqrstuvwxyzT,.! ".split("");

const vocabulary = (pieces: readonly string[]): Record<string, number> =>
  Object.fromEntries([...new Set(pieces)].map((piece, id) => [piece, id]));

const special = (id: number, content: string) => ({
  ...{ id, content, single_word: false, lstrip: true, rstrip: true, normalized: false, special: true },
});

function sample(definition: Record<string, unknown>, settings: Record<string, unknown> = {}): Sample {
  const whole = { version: "1.0", truncation: null, padding: null, added_tokens: [], ...definition };
  return {
    files: {
      "tokenizer.json": Buffer.from(JSON.stringify(whole)),
      "tokenizer_config.json": Buffer.from(JSON.stringify(settings)),
    },
  };
}

/** As GPT-2, Pythia, Llama 3. */
const byteLevel = sample(
  {
    added_tokens: [special(40, "<s>"), { ...special(41, "ide"), normalized: true, special: false }],
    normalizer: { type: "NFC" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        {
          type: "Split",
          pattern: { Regex: "(?i:'s|'t|'re)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|\\s+(?!\\S)|\\s+" },
          behavior: "Isolated",
          invert: false,
        },
        { type: "Digits", individual_digits: true },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [],
      special_tokens: {},
    },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: vocabulary([...LETTERS, "\u0120", "\u010a", "th", "the", "\u0120a", "at"]),
      merges: ["t h", "th e", "\u0120 a", "a t"],
    },
  },
  { add_prefix_space: false, bos_token: "<s>", clean_up_tokenization_spaces: false, model_max_length: 1024 },
);

/** As Llama 2, Mistral. */
const metaspace = sample(
  {
    added_tokens: [special(0, "<unk>"), special(1, "<s>")],
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "\u2581" },
        { type: "Replace", pattern: { String: " " }, content: "\u2581" },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "\u2581" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "<unk>",
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      vocab: vocabulary(["<unk>", "<s>", "<0x41>", "<0x0A>", "\u2581", ...LETTERS, "\u2581t", "he"]),
      merges: [
        ["\u2581", "t"],
        ["h", "e"],
      ],
    },
  },
  { bos_token: { content: "<s>" }, unk_token: "<unk>", additional_special_tokens: ["<s>"] },
);

const unigram = sample({
  normalizer: { type: "Precompiled", precompiled_charsmap: "" },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      { type: "WhitespaceSplit" },
      { type: "Metaspace", replacement: "\u2581", prepend_scheme: "always", split: true },
    ],
  },
  post_processor: { type: "RobertaProcessing", sep: ["</s>", 1], cls: ["<s>", 0], trim_offsets: true },
  decoder: { type: "Metaspace", replacement: "\u2581", prepend_scheme: "always" },
  model: {
    type: "Unigram",
    unk_id: 0,
    vocab: [
      ["<unk>", 0],
      ["\u2581", -2],
      ...LETTERS.map((letter, i) => [letter, -3 - i]),
      ["the", -1.5],
      ["\u2581a", -2.5],
    ],
  },
});

const wordPiece = sample({
  normalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: { type: "BertProcessing", sep: ["[SEP]", 1], cls: ["[CLS]", 0] },
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: vocabulary(["[UNK]", ...LETTERS, ...LETTERS.map((letter) => `##${letter}`), "the", "##ide"]),
  },
});

/** The kinds of parts that the others leave out. */
const rest = sample({
  normalizer: {
    type: "Sequence",
    normalizers: [
      { type: "NFKD" },
      { type: "StripAccents" },
      { type: "Lowercase" },
      { type: "Strip", strip_left: true, strip_right: true },
      { type: "Replace", pattern: { Regex: "\\s+" }, content: " " },
    ],
  },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      { type: "Whitespace" },
      { type: "Punctuation", behavior: "Isolated" },
      { type: "FixedLength", length: 5 },
      { type: "Replace", pattern: { String: "q" }, content: "k" },
    ],
  },
  post_processor: { type: "Sequence", processors: [{ type: "ByteLevel", trim_offsets: false }] },
  decoder: {
    type: "Sequence",
    decoders: [
      { type: "BPEDecoder", suffix: "</w>" },
      { type: "CTC", pad_token: "a" },
    ],
  },
  model: {
    type: "BPE",
    unk_token: "a",
    end_of_word_suffix: "</w>",
    vocab: vocabulary([...LETTERS, "e</w>"]),
    merges: ["t h"],
  },
});

export const TOKENIZERS: readonly Sample[] = [byteLevel, metaspace, unigram, wordPiece, rest];

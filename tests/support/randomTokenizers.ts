/** Random definitions in the format of tokenizer.json, all of them valid, and random texts. */
import { randomGenerator } from "../../lib/src/machine/support/random";
import { BYTE_CHARACTERS } from "../../lib/src/tokens/byteCharacters";
import { readVocabulary } from "../../lib/src/tokens/vocabulary";

type Json = Record<string, unknown>;

/** What tokenizers treat in different ways: scripts, kinds of digits, of spaces, of marks and of ends of lines. */
const LETTERS = [..."aabcdeehiotxAEZ", ..."éßİſΣσςЖ中文한ไทย", "e\u0301", "o\u0308", "ﬁ", "Å", "𝒜", "🙂", "👩\u200d🔬"];
const DIGITS = [..."0127", "½", "²", "٣", "Ⅷ", "５"];
const SPACES = [" ", " ", "  ", "   ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "\u2028", "\u0085", "\u200b", "\ufeff"];
const MARKS = [..."-.,'!_$+<>|#▁", "--", "...", "'s", "'RE", "—", "。", "«", "$&", "\u0000", "\u00ad"];
const ALL = [...LETTERS, ...DIGITS, ...SPACES, ...MARKS];

/** Half a letter, which texts of JavaScript may hold. */
const HALF = "\ud800";

const BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"];

const PATTERNS = [
  "\\p{L}+",
  "\\s+",
  "\\d",
  "[^\\s\\p{L}\\p{N}]+",
  "\\w+|[^\\w\\s]+",
  "[a-z]+",
  "'s|'t|'re| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s+",
];

/** What is drawn from a seed. */
export class RandomTokenizers {
  private readonly random: () => number;

  constructor(seed: string) {
    this.random = randomGenerator(seed);
  }

  text(length: number): string {
    return Array.from({ length: this.below(length + 1) }, () => (this.chance(0.01) ? HALF : this.of(ALL))).join("");
  }

  /** A definition, and the texts of the tokens that it finds in texts as they are. */
  definition(): { definition: Json; added: string[] } {
    const kind = this.of(["byteLevel", "byteLevel", "pieces", "pieces", "any"]);
    const byteLevel = kind === "byteLevel";
    const definition: Json = {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: [],
      normalizer: this.sequence("normalizers", () => this.normalizer(), this.of([0, 0, 1, 2])),
      pre_tokenizer: byteLevel
        ? this.byteLevel()
        : this.sequence("pretokenizers", () => this.preTokenizer(), this.of([0, 1, 1, 2])),
      post_processor: null,
      decoder: null,
      model: byteLevel
        ? this.bytePairs(BYTE_CHARACTERS, true)
        : kind === "pieces"
          ? this.bytePairs(ALL, false)
          : this.model(),
    };
    if (kind === "pieces" && this.chance(0.6)) Object.assign(definition, this.sentencePiece());
    const added = this.chance(0.5) ? this.subset(["<s>", "<|end|>", "ab", "é", "  ", "▁", "E", "x-"]) : [];
    const isPlain = this.chance(0.6);
    const tokens = added.map((content) => ({
      content,
      single_word: !isPlain && this.chance(0.2),
      lstrip: !isPlain && this.chance(0.2),
      rstrip: !isPlain && this.chance(0.2),
      normalized: !isPlain && this.chance(0.3),
      special: this.chance(0.5),
    }));
    const { added: ids } = readVocabulary(definition.model, tokens);
    definition.added_tokens = tokens.map((token) => ({ ...token, id: ids.get(token.content) }));
    return { definition, added };
  }

  /** A text in which added tokens stand. */
  textWith(added: readonly string[], length: number): string {
    const words = Array.from({ length: this.below(4) }, () => (added.length > 0 ? this.of(added) : ""));
    return [this.text(length), ...words.map((word) => word + this.text(length))].join("");
  }

  private normalizer(): Json {
    const type = this.of([
      "NFC",
      "NFC",
      "NFD",
      "NFKC",
      "NFKD",
      "Lowercase",
      "StripAccents",
      "Strip",
      "Replace",
      "Replace",
      "Prepend",
      "Nmt",
      "BertNormalizer",
    ]);
    if (type === "Strip") return { type, strip_left: this.chance(0.5), strip_right: this.chance(0.5) };
    if (type === "Prepend") return { type, prepend: this.of(["▁", " ", "ab"]) };
    if (type === "Replace") return { type, pattern: this.pattern(), content: this.of(["▁", "", " ", "x", "$&"]) };
    if (type !== "BertNormalizer") return { type };
    const flags = { clean_text: this.chance(0.5), handle_chinese_chars: this.chance(0.5), lowercase: this.chance(0.5) };
    return { type, ...flags, strip_accents: this.of([null, true, false]) };
  }

  private preTokenizer(): Json {
    const type = this.of([
      "ByteLevel",
      "Whitespace",
      "WhitespaceSplit",
      "BertPreTokenizer",
      "Metaspace",
      "Metaspace",
      "Split",
      "Split",
      "Punctuation",
      "CharDelimiterSplit",
      "Digits",
      "UnicodeScripts",
      "FixedLength",
    ]);
    if (type === "ByteLevel")
      return { type, add_prefix_space: this.chance(0.3), trim_offsets: true, use_regex: this.chance(0.6) };
    if (type === "Metaspace") {
      const prepend_scheme = this.of(["always", "first", "never"]);
      return { type, replacement: this.of(["▁", "▁", "_"]), prepend_scheme, split: this.chance(0.6) };
    }
    if (type === "Split")
      return { type, pattern: this.pattern(), behavior: this.of(BEHAVIORS), invert: this.chance(0.3) };
    if (type === "Punctuation") return { type, behavior: this.of(BEHAVIORS) };
    if (type === "CharDelimiterSplit") return { type, delimiter: this.of([" ", "-", "e"]) };
    if (type === "Digits") return { type, individual_digits: this.chance(0.5) };
    return type === "FixedLength" ? { type, length: 1 + this.below(4) } : { type };
  }

  /** Steps as of models with byte-level vocabularies: some before, the bytes in the end. */
  private byteLevel(): Json {
    const split = () => ({ type: "Split", pattern: { Regex: this.of(PATTERNS) }, behavior: "Isolated", invert: false });
    const before = this.of<() => Json[]>([
      () => [],
      () => [split()],
      () => [{ type: "Digits", individual_digits: this.chance(0.5) }],
      () => [{ type: "Digits", individual_digits: this.chance(0.5) }, split()],
      () => [this.preTokenizer()],
    ])();
    const last = {
      type: "ByteLevel",
      add_prefix_space: this.chance(0.2),
      trim_offsets: true,
      use_regex: this.chance(0.5),
    };
    return before.length === 0 ? last : { type: "Sequence", pretokenizers: [...before, last] };
  }

  /** Steps as of models with vocabularies of SentencePiece. */
  private sentencePiece(): Json {
    const replace = { type: "Replace", pattern: { String: " " }, content: "▁" };
    const normalizers = this.chance(0.7) ? [{ type: "Prepend", prepend: "▁" }, replace] : [replace];
    return { normalizer: { type: "Sequence", normalizers }, pre_tokenizer: null };
  }

  private model(): Json {
    const type = this.of(["Unigram", "Unigram", "WordPiece", "WordLevel"]);
    const pieces = this.pieces(ALL, "");
    if (type === "Unigram") {
      const bytes = this.chance(0.5) ? this.subset(BYTE_TOKENS, 0.97) : [];
      const vocab = ["<unk>", ...pieces, ...bytes].map((piece) => [piece, -this.below(1000) / 64]);
      return { type, unk_id: this.chance(0.9) ? 0 : null, vocab, byte_fallback: this.chance(0.3) };
    }
    const unk_token = "[UNK]";
    if (type === "WordLevel") return { type, unk_token, vocab: vocabulary([unk_token, ...pieces]) };
    const continuing_subword_prefix = "##";
    const vocab = vocabulary([unk_token, ...pieces, ...pieces.map((piece) => `##${piece}`)]);
    return { type, unk_token, continuing_subword_prefix, max_input_chars_per_word: this.of([5, 100]), vocab };
  }

  private bytePairs(alphabet: readonly string[], whole: boolean): Json {
    const prefix = !whole && this.chance(0.1) ? "##" : null;
    const suffix = !whole && this.chance(0.1) ? "</w>" : null;
    const letters = [...new Set(alphabet.flatMap((piece) => [...piece]))].filter(() =>
      whole ? true : this.chance(0.9),
    );
    const known = [...letters, ...(prefix ? letters.map((letter) => prefix + letter) : [])];
    if (suffix) known.push(...letters.map((letter) => letter + suffix));
    const merges: [string, string][] = [];
    for (let step = 0; step < 150; step++) {
      const [left, right] = [this.of(known), this.of(known)];
      const joined = left + (prefix && right.startsWith(prefix) ? right.slice(prefix.length) : right);
      // Where later pieces of a word are written with a prefix, the right one of two always is a later one.
      if (prefix && !right.startsWith(prefix)) continue;
      if (known.includes(joined) || joined.length > 8) continue;
      known.push(joined);
      merges.push([left, right]);
    }
    const unk_token = this.chance(0.5) ? "<unk>" : null;
    const bytes = !whole && this.chance(0.4) ? this.subset(BYTE_TOKENS, this.of([1, 0.97])) : [];
    const whole_words = this.chance(0.3) ? this.pieces(alphabet, "") : [];
    return {
      type: "BPE",
      dropout: null,
      unk_token,
      continuing_subword_prefix: prefix,
      end_of_word_suffix: suffix,
      fuse_unk: this.chance(0.4),
      byte_fallback: bytes.length > 0,
      ignore_merges: this.chance(0.3),
      vocab: vocabulary([...(unk_token ? [unk_token] : []), ...known, ...bytes, ...whole_words]),
      merges,
    };
  }

  private pieces(alphabet: readonly string[], before: string): string[] {
    const longer = Array.from({ length: 60 }, () =>
      Array.from({ length: 2 + this.below(3) }, () => this.of(alphabet)).join(""),
    );
    return [...new Set([...this.subset(alphabet, 0.8), ...longer])].map((piece) => before + piece);
  }

  private pattern(): Json {
    return this.chance(0.5) ? { Regex: this.of(PATTERNS) } : { String: this.of([" ", "-", "e", "ab", "."]) };
  }

  private sequence(key: string, step: () => Json, length: number): Json | null {
    const steps = Array.from({ length }, step);
    return length === 0 ? null : length === 1 ? steps[0] : { type: "Sequence", [key]: steps };
  }

  private subset<Value>(values: readonly Value[], chance = 0.5): Value[] {
    return values.filter(() => this.chance(chance));
  }

  private chance(probability: number): boolean {
    return this.random() < probability;
  }

  private below(count: number): number {
    return Math.floor(this.random() * count);
  }

  private of<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)];
  }
}

const BYTE_TOKENS = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);

const vocabulary = (pieces: readonly string[]): Json =>
  Object.fromEntries([...new Set(pieces)].map((piece, id) => [piece, id]));

/** How a text is cut before pairs of its bytes are joined: nothing is joined across a cut. */
export interface Splitting {
  /** The form that letters with accents are brought to first; as they are without it. */
  normalization?: "NFC";
  /** One after the other, each on the parts that the ones before have left: what matches is a part, and so is what is between. */
  patterns: readonly RegExp[];
  /** In the same way, on what {@link patterns} have left, once it is written as bytes (see byteCharacters.ts). */
  bytePatterns?: readonly RegExp[];
  /** Whether a part that is a token as it is becomes that token, whatever the merges would make of it. */
  wholeTokens?: boolean;
}

/**
 * The ways of cutting a text that files name (tokenizer.ggml.pre), each as the model's own tokenizer.json has it: llama.cpp,
 * which coined the names, comes near in most but leaves out the normalization and some steps. Sources: tokenizer.json of GPT-2,
 * GPT-NeoX-20B, SmolLM2, StarCoder2, Refact-1.6B, Command R, Falcon-7B, Llama 3, Qwen2, StableLM 2 (tokenization_arcade100k.py),
 * DBRX, Mistral NeMo, GPT-4o, DeepSeek LLM, Coder and V3.
 */
export function splittingOf(name: string): Splitting | undefined {
  return Object.hasOwn(SPLITTINGS, name) ? SPLITTINGS[name] : undefined;
}

/** All names that {@link splittingOf} knows. */
export const splittingNames = (): string[] => Object.keys(SPLITTINGS);

/** Cuts a text into parts by one pattern after the other, in order and without the empty ones. */
export function splitText(text: string, patterns: readonly RegExp[]): string[] {
  return patterns.reduce(
    (parts, pattern) => parts.flatMap((part) => isolate(part, pattern)),
    text === "" ? [] : [text],
  );
}

function isolate(text: string, pattern: RegExp): string[] {
  const parts: string[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) parts.push(text.slice(end, match.index));
    parts.push(match[0]);
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}

/** A pattern of the originals. Their \s is Unicode's White_Space, which is not quite JavaScript's. */
const pattern = (...alternatives: string[]) =>
  new RegExp(alternatives.join("|").replaceAll("\\s", "\\p{White_Space}").replaceAll("\\S", "\\P{White_Space}"), "gu");

const ENDS_OF_SPACES = ["\\s+(?!\\S)", "\\s+"];

const GPT2 = pattern("'s|'t|'re|'ve|'m|'ll|'d", " ?\\p{L}+", " ?\\p{N}+", " ?[^\\s\\p{L}\\p{N}]+", ...ENDS_OF_SPACES);

/** English endings, in letters of either case; ſ is a lower case of S too. */
const ENDINGS = "'(?:[sSſ]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])";

/** As GPT-4's tokenizer and those after it: any one sign may stand before a word, and ends of lines go together. */
const gpt4 = (digits: string) =>
  pattern(
    ENDINGS,
    "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+",
    digits,
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*",
    "\\s*[\\r\\n]+",
    ...ENDS_OF_SPACES,
  );

/** As GPT-4o's: words are cut where a capital follows a small letter. */
const gpt4o = (digits: string, endings: string) => {
  const capitals = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
  const smalls = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
  return pattern(
    `[^\\r\\n\\p{L}\\p{N}]?${capitals}*${smalls}+${endings}`,
    `[^\\r\\n\\p{L}\\p{N}]?${capitals}+${smalls}*${endings}`,
    digits,
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*",
    "\\s*[\\r\\n]+",
    ...ENDS_OF_SPACES,
  );
};

const DIGIT = pattern("\\p{N}");
const UP_TO_THREE_DIGITS = "\\p{N}{1,3}";

/** The letters of scripts that have capitals, as far as DeepSeek's pattern knows them. */
const CASED_LETTERS =
  "A-Za-z\\u00b5\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u01ba\\u01bc-\\u01bf\\u01c4-\\u0293\\u0295-\\u02af\\u0370-\\u0373\\u0376" +
  "\\u0377\\u037b-\\u037d\\u037f\\u0386\\u0388-\\u038a\\u038c\\u038e-\\u03a1\\u03a3-\\u03f5\\u03f7-\\u0481\\u048a-\\u052f" +
  "\\u0531-\\u0556\\u10a0-\\u10c5\\u13a0-\\u13f5\\u13f8-\\u13fd\\u1c90-\\u1cba\\u1cbd-\\u1cbf\\u1d00-\\u1d2b\\u1d6b-\\u1d77" +
  "\\u1d79-\\u1d9a\\u1e00-\\u1f15\\u1f18-\\u1f1d\\u1f20-\\u1f45\\u1f48-\\u1f4d\\u1f50-\\u1f57\\u1f59\\u1f5b\\u1f5d\\u1f5f-\\u1f7d" +
  "\\u1f80-\\u1fb4\\u1fb6-\\u1fbc\\u1fbe\\u1fc2-\\u1fc4\\u1fc6-\\u1fcc\\u1fd0-\\u1fd3\\u1fd6-\\u1fdb\\u1fe0-\\u1fec\\u1ff2-\\u1ff4" +
  "\\u1ff6-\\u1ffc\\u2102\\u2107\\u210a-\\u2113\\u2115\\u2119-\\u211d\\u2124\\u2126\\u2128\\u212a-\\u212d\\u212f-\\u2134\\u2139" +
  "\\u213c-\\u213f\\u2145-\\u2149\\u214e\\u2183\\u2184\\u2c00-\\u2c7b\\u2c7e-\\u2ce4\\u2ceb-\\u2cee\\u2cf2\\u2cf3\\ua640-\\ua66d" +
  "\\ua680-\\ua69b\\ua722-\\ua76f\\ua771-\\ua787\\ua78b-\\ua78e\\uab70-\\uabbf\\ufb00-\\ufb06\\ufb13-\\ufb17\\uff21-\\uff3a" +
  "\\uff41-\\uff5a\\u{10400}-\\u{1044f}\\u{104b0}-\\u{104d3}\\u{104d8}-\\u{104fb}\\u{10c80}-\\u{10cb2}\\u{10cc0}-\\u{10cf2}" +
  "\\u{118a0}-\\u{118df}\\u{1e900}-\\u{1e943}";

const LINE_END = pattern("[\\r\\n]");
const EAST_ASIAN = pattern("[\\u4e00-\\u9fa5\\u0800-\\u4e00\\uac00-\\ud7ff]+");

const GPT2_WITH_DIGITS: Splitting = { patterns: [DIGIT, GPT2] };

const SPLITTINGS: Readonly<Record<string, Splitting>> = {
  "gpt-2": { patterns: [GPT2] },
  "phi-2": { patterns: [GPT2] },
  // GPT-NeoX-20B's, which Pythia, OLMo and MPT have too.
  olmo: { normalization: "NFC", patterns: [GPT2] },
  mpt: { normalization: "NFC", patterns: [GPT2] },
  smollm: GPT2_WITH_DIGITS,
  starcoder: GPT2_WITH_DIGITS,
  refact: GPT2_WITH_DIGITS,
  "command-r": { normalization: "NFC", ...GPT2_WITH_DIGITS },
  // Its steps for digits come after bytes are written as letters, of which ²³¹¼½¾ are digits as well: ü, C3 BC, is cut in two.
  falcon: {
    patterns: [pattern("[\\p{P}$+<=>^`|~]+"), GPT2],
    bytePatterns: [pattern("\\p{N}+"), pattern("[0-9][0-9][0-9]")],
  },
  "llama-bpe": { patterns: [gpt4(UP_TO_THREE_DIGITS)], wholeTokens: true },
  llama3: { patterns: [gpt4(UP_TO_THREE_DIGITS)], wholeTokens: true },
  "llama-v3": { patterns: [gpt4(UP_TO_THREE_DIGITS)], wholeTokens: true },
  dbrx: { patterns: [gpt4(UP_TO_THREE_DIGITS)] },
  qwen2: { normalization: "NFC", patterns: [gpt4("\\p{N}")] },
  "deepseek-r1-qwen": { normalization: "NFC", patterns: [gpt4("\\p{N}")] },
  stablelm2: { normalization: "NFC", patterns: [gpt4("\\p{N}")] },
  "gpt-4o": { patterns: [gpt4o(UP_TO_THREE_DIGITS, `(?:${ENDINGS})?`)] },
  tekken: { patterns: [gpt4o("\\p{N}", "")], wholeTokens: true },
  "deepseek-llm": {
    patterns: [
      LINE_END,
      pattern(`\\s?[${CASED_LETTERS}]+`),
      pattern("\\s?[!-\\/:-~\\uff01-\\uff0f\\uff1a-\\uff5e\\u2018-\\u201f\\u3000-\\u3002]+"),
      // Looking back makes no other match, but spares trying again at every one of many spaces.
      pattern("(?<!\\s)\\s+$"),
      EAST_ASIAN,
      DIGIT,
    ],
  },
  "deepseek-coder": {
    patterns: [LINE_END, pattern("\\s?\\p{L}+"), pattern("\\s?\\p{P}+"), EAST_ASIAN, DIGIT],
  },
  "deepseek-v3": {
    patterns: [
      pattern(UP_TO_THREE_DIGITS),
      pattern("[\\u4e00-\\u9fa5\\u3040-\\u309f\\u30a0-\\u30ff]+"),
      pattern(
        "[!-\\/:-@\\[-`{-~][A-Za-z]+",
        "[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+",
        " ?[\\p{P}\\p{S}]+[\\r\\n]*",
        "\\s*[\\r\\n]+",
        ...ENDS_OF_SPACES,
      ),
    ],
  },
};

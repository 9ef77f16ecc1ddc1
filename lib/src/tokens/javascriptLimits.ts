import { shown } from "../machine/support/json";
import { BYTE_CHARACTERS } from "./byteCharacters";
import { type Step, stepsOf } from "./steps";
import { byteToken } from "./tokenBytes";

/** What the replacement text of JavaScript's `replaceAll` would not take as it is written. */
const REPLACEMENT_CODE = /\$[$&`'<\d]/;

/** What a step says that the JavaScript library does otherwise than the original; undefined if it does the same. */
type Difference = (step: Step) => string | undefined;

const SAME: Difference = () => undefined;

const NORMALIZERS: Readonly<Record<string, Difference>> = {
  NFC: SAME,
  NFD: SAME,
  NFKC: SAME,
  NFKD: SAME,
  Prepend: SAME,
  Replace: ({ pattern, content }) =>
    typeof (pattern as Step).String !== "string" || REPLACEMENT_CODE.test(String(content))
      ? "pattern or content"
      : undefined,
};

const PRE_TOKENIZERS: Readonly<Record<string, Difference>> = {
  // It puts a space in front of the first part alone.
  ByteLevel: ({ add_prefix_space }) => (add_prefix_space === true ? "add_prefix_space" : undefined),
  Digits: SAME,
  // What is first in a text and not only in a part, it cannot know here.
  Metaspace: ({ prepend_scheme }) =>
    prepend_scheme === "always" || prepend_scheme === "never" ? undefined : "prepend_scheme",
  Split: ({ pattern, behavior, invert }) =>
    behavior !== "Isolated" || invert !== false || typeof (pattern as Step).Regex !== "string" ? "behavior" : undefined,
};

/**
 * Refuses what the JavaScript library leaves out or does otherwise than the original, and writes some of it in a way in which
 * it does the same.
 *
 * @param definition tokenizer.json
 * @throws Error naming the setting
 */
export function javascriptDefinition(definition: Record<string, unknown>): Record<string, unknown> {
  const refuse = (what: string) => {
    throw new Error(`${what} needs the package @anush008/tokenizers, which is not there; npm install may bring it`);
  };
  const check = (part: unknown, known: Readonly<Record<string, Difference>>) => {
    for (const step of stepsOf(part)) {
      if (step.type === "Sequence") continue;
      if (!Object.hasOwn(known, step.type)) refuse(`its step ${shown(step.type)}`);
      const difference = known[step.type](step);
      if (difference) refuse(`${difference} of its step ${step.type}`);
    }
  };
  check(definition.normalizer, NORMALIZERS);
  check(definition.pre_tokenizer, PRE_TOKENIZERS);
  for (const token of definition.added_tokens as Step[]) {
    // They are found by ours (see javascriptEncoder.ts).
    for (const flag of ["single_word", "lstrip", "rstrip", "normalized"]) {
      if (token[flag] === true) refuse(`${flag} of the added token ${shown(token.content)}`);
    }
  }
  const model = definition.model as Step;
  if (model.type !== "BPE") refuse(`its model, of the kind ${shown(model.type)},`);
  for (const name of ["continuing_subword_prefix", "end_of_word_suffix"]) if (model[name]) refuse(name);
  const vocab = model.vocab as Record<string, number>;
  const isByteLevel = stepsOf(definition.pre_tokenizer).some(({ type }) => type === "ByteLevel");
  const isWhole = isByteLevel && BYTE_CHARACTERS.every((letter) => Object.hasOwn(vocab, letter));
  const hasBytes =
    model.byte_fallback === true &&
    Array.from({ length: 256 }, (_, byte) => byteToken(byte)).every((token) => Object.hasOwn(vocab, token));
  if (!isWhole && !hasBytes) refuse("a vocabulary without some letters or bytes");
  return { ...definition, pre_tokenizer: withDigits(definition.pre_tokenizer) };
}

/** Digits are what Unicode calls numbers, not those of ASCII alone. */
function withDigits(part: unknown): unknown {
  if (typeof part !== "object" || part === null) return part;
  const { type, individual_digits, pretokenizers } = part as Step;
  if (Array.isArray(pretokenizers)) return { ...part, pretokenizers: pretokenizers.map(withDigits) };
  if (type !== "Digits") return part;
  const pattern = { Regex: individual_digits === true ? "\\p{N}" : "\\p{N}+" };
  return { type: "Split", pattern, behavior: "Isolated", invert: false };
}

import { join } from "node:path";
import { messageOf, UserError } from "../machine/support/errors";
import { readSmallFile } from "../machine/support/files";
import { readJsonObject, utf8 } from "../machine/support/json";
import { isThere } from "../machine/support/pointerFile";

/** The files in which models of 2022 and before (OPT) keep their byte-level pair encoding. */
const VOCABULARY = "vocab.json";
const MERGES = "merges.txt";

/** In bytes; the largest have a few million. */
const LARGEST_MERGES = 2 ** 26;

/** What a space is written as in the vocabulary of a byte-level encoding. */
const SPACE = "\u0120";

/** Whether a folder holds a tokenizer in vocab.json and merges.txt. */
export function hasBytePairFiles(folder: string): boolean {
  return isThere(join(folder, VOCABULARY)) && isThere(join(folder, MERGES));
}

/**
 * Makes of vocab.json and merges.txt what tokenizer.json would say, for byte-level encodings in the manner of GPT-2.
 *
 * @throws UserError if a file cannot be understood, or it is another kind of tokenizer
 * @see Radford et al. 2019, section 2.2; the format is that of github.com/huggingface/tokenizers.
 */
export function bytePairDefinition(folder: string): Record<string, unknown> {
  const path = join(folder, VOCABULARY);
  const vocab = readJsonObject(path);
  if (
    !Object.values(vocab).every((id) => Number.isSafeInteger(id) && (id as number) >= 0) ||
    !Object.hasOwn(vocab, SPACE)
  ) {
    throw new UserError(`${path}: not the vocabulary of a byte-level encoding, which is the kind that can be read`);
  }
  const prefix = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true };
  return {
    version: "1.0",
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { ...prefix, use_regex: true },
    post_processor: { ...prefix, trim_offsets: false },
    decoder: prefix,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: "",
      end_of_word_suffix: "",
      fuse_unk: false,
      vocab,
      merges: readMerges(join(folder, MERGES)),
    },
  };
}

/** Pairs of pieces, the ones to be joined first in front. */
function readMerges(path: string): [string, string][] {
  const bytes = readSmallFile(path, LARGEST_MERGES);
  let lines: string[];
  try {
    lines = utf8(bytes).split(/\r?\n/);
  } catch (error) {
    throw new UserError(`${path}: cannot be read (${messageOf(error)})`, { cause: error });
  }
  const first = lines[0].startsWith("#version") ? 1 : 0;
  return lines.slice(first).flatMap((line, index): [string, string][] => {
    if (line === "") return [];
    const [left, right, ...more] = line.split(" ");
    if (!right || more.length > 0) throw new UserError(`${path}: line ${first + index + 1} is no pair of pieces`);
    return [[left, right]];
  });
}

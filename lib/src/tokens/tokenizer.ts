import { statSync } from "node:fs";
import { join } from "node:path";
import { firstPart, ggufIn } from "../machine/gguf/parts";
import { adapterBaseFolder } from "../machine/hub/models";
import { messageOf, UserError } from "../machine/support/errors";
import { isThere } from "../machine/support/pointerFile";
import { hasBytePairFiles } from "./bytePairFiles";
import { loadGgufTokenizer } from "./ggufTokenizer";
import { loadHuggingFaceTokenizer } from "./huggingFaceTokenizer";
import type { TextTokenizer } from "./textTokenizer";
import { TOKENIZER_FILE } from "./tokenizerDefinition";

/**
 * The id of the model's beginning-of-text token.
 *
 * @param source file or folder of the tokenizer, for the message
 * @throws UserError if the checkpoint names none
 */
export function beginOfText(tokenizer: TextTokenizer, source: string): number {
  if (tokenizer.beginOfText !== undefined) return tokenizer.beginOfText;
  throw new UserError(`${source}: the checkpoint names no beginning-of-text token; leave out bos (--bos)`);
}

/**
 * Loads the tokenizer of a model: of a folder tokenizer.json (and tokenizer_config.json, if it is there), or vocab.json and
 * merges.txt where there is no tokenizer.json, or its GGUF file; of a GGUF file the one inside; of an adapter its own, or its
 * base's.
 *
 * @param model the folder, or the file
 * @throws UserError if there is none, or it cannot be understood
 */
export function loadTokenizer(model: string): TextTokenizer {
  const base = hasTokenizer(model) ? undefined : adapterBaseFolder(model);
  if (base !== undefined) return loadTokenizer(base);
  const path = tokenizerFile(model);
  const attempt = <Result>(work: () => Result): Result => {
    try {
      return work();
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`${path}: not a tokenizer that can be used (${messageOf(error)})`, { cause: error });
    }
  };
  const tokenizer = path.endsWith(GGUF) ? loadGgufTokenizer(path) : attempt(() => loadHuggingFaceTokenizer(model));
  return {
    get beginOfText() {
      return tokenizer.beginOfText;
    },
    encode: (text) => attempt(() => tokenizer.encode(text)),
    pieces: (ids) => tokenizer.pieces(ids),
  };
}

const GGUF = ".gguf";

/** The file that holds the tokenizer: of a split model the first one. */
function tokenizerFile(model: string): string {
  if (model.endsWith(GGUF) && !isFolder(model)) return firstPart(model);
  if (hasTokenizer(model)) return join(model, TOKENIZER_FILE);
  const gguf = isFolder(model) ? ggufIn(model) : undefined;
  if (gguf) return firstPart(gguf);
  throw new UserError(`${model}: has no ${TOKENIZER_FILE}; give token ids instead of text, or add the file`);
}

function hasTokenizer(folder: string): boolean {
  return isThere(join(folder, TOKENIZER_FILE)) || hasBytePairFiles(folder);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

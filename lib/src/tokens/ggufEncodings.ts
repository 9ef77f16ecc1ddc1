import type { GgufHeader } from "../machine/gguf/header";
import { shown } from "../machine/support/json";
import { numbersOf, refusal, textsOf } from "./ggufVocabulary";
import { type Splitting, splittingNames, splittingOf } from "./splitting";

/** Architectures of which all tokenizers cut texts in one way: files from before tokenizer.ggml.pre do not say which. */
const SPLITTING_OF_ARCHITECTURE: Readonly<Record<string, string>> = { gpt2: "gpt-2", gptneox: "olmo" };

/**
 * How a byte pair encoding cuts texts, by tokenizer.ggml.pre.
 *
 * @throws UserError if it is not said, or is a way that is not known here
 */
export function splittingOfFile({ path, metadata }: GgufHeader): Splitting {
  const name = metadata.get("tokenizer.ggml.pre") ?? "default";
  const architecture = String(metadata.get("general.architecture"));
  if (name === "default") {
    // Converters write this where they do not know.
    const inferred = Object.hasOwn(SPLITTING_OF_ARCHITECTURE, architecture) && SPLITTING_OF_ARCHITECTURE[architecture];
    if (inferred) return splittingOf(inferred)!;
    throw refusal(path, "does not say how its tokenizer cuts texts (tokenizer.ggml.pre); a newer file may");
  }
  const splitting = typeof name === "string" ? splittingOf(name) : undefined;
  if (splitting) return splitting;
  const known = splittingNames().join(", ");
  throw refusal(
    path,
    `cuts texts in the way ${shown(String(name))} (tokenizer.ggml.pre), which is not known (${known} are)`,
  );
}

/**
 * The merges of a byte pair encoding.
 *
 * @param ids of tokens, by their text
 * @returns three ids for each, one merge after the other: of left, right, and of both together
 * @throws UserError if they are missing, are no pairs, or name what is no token
 */
export function readMerges({ path, metadata }: GgufHeader, ids: ReadonlyMap<string, number>): Int32Array {
  const merges = textsOf(metadata.get("tokenizer.ggml.merges"));
  if (!merges) throw refusal(path, "has no merges (tokenizer.ggml.merges)");
  const result = new Int32Array(3 * merges.length);
  for (const [number, merge] of merges.entries()) {
    const damaged = (problem: string) => refusal(path, `merge ${number} of its tokenizer, ${shown(merge)}, ${problem}`);
    const seam = merge.indexOf(" ");
    if (seam <= 0 || seam === merge.length - 1 || merge.includes(" ", seam + 1)) throw damaged("is no pair of tokens");
    const [left, right] = [merge.slice(0, seam), merge.slice(seam + 1)];
    for (const [part, token] of [left, right, left + right].entries()) {
      const id = ids.get(token);
      if (id === undefined) throw damaged(`asks for ${shown(token)}, which is no token`);
      result[3 * number + part] = id;
    }
  }
  return result;
}

/** @throws UserError if there is not one finite score for each token */
export function readScores({ path, metadata }: GgufHeader, size: number): ArrayLike<number> {
  const scores = numbersOf(metadata.get("tokenizer.ggml.scores"));
  if (!scores) throw refusal(path, "has no scores of its tokens (tokenizer.ggml.scores)");
  if (scores.length !== size) {
    throw refusal(path, `has ${size} tokens, but the scores of ${scores.length} (tokenizer.ggml.scores)`);
  }
  const wrong = Array.prototype.findIndex.call(scores, (score) => !Number.isFinite(score));
  if (wrong >= 0) throw refusal(path, `the score of token ${wrong} is ${scores[wrong]}`);
  return scores;
}

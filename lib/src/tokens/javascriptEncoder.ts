import { Tokenizer } from "@huggingface/tokenizers";
import { isTimeout, withinTime } from "../machine/support/limitedTime";
import { AddedTokens } from "./addedTokens";
import { ENDLESS, type Encode, longestTime } from "./encoder";
import { javascriptDefinition } from "./javascriptLimits";

/**
 * Encodes in plain JavaScript, for machines without the native library: with the same ids, or not at all.
 *
 * @param definition tokenizer.json
 * @throws Error naming the setting that this cannot do, or saying what is wrong
 */
export function javascriptEncoder(definition: Record<string, unknown>): Encode {
  const limited = <Result>(characters: number, work: () => Result): Result => {
    try {
      return withinTime(longestTime(characters), work);
    } catch (error) {
      throw isTimeout(error) ? new Error(ENDLESS, { cause: error }) : error;
    }
  };
  const possible = javascriptDefinition(definition);
  const tokens = definition.added_tokens as { content: string; id: number }[];
  // The package finds them in what normalizers have made of a text as well.
  const added = new AddedTokens(tokens.map(({ content, id }) => [content, id]));
  const rest = { added_tokens: [], post_processor: null, decoder: null };
  const tokenizer = limited(
    0,
    () => new Tokenizer({ normalizer: null, pre_tokenizer: null, ...possible, ...rest }, {}),
  );
  const encodePart = (part: string) => tokenizer.encode(part, { add_special_tokens: false }).ids;
  return (text) =>
    limited(text.length, () => {
      // A half of a pair of UTF-16 is no letter; UTF-8 has U+FFFD in its place.
      const parts = added.split(Buffer.from(text).toString());
      return parts.flatMap((part) => (typeof part === "number" ? part : encodePart(part)));
    });
}

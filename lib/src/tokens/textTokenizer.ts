/** Turns text into token ids. */
export interface TextTokenizer {
  /**
   * The ids of a text, without special tokens: nothing is added in front or at the end. A special token whose text stands in
   * the text is that token.
   *
   * @throws UserError if the tokenizer fails on it, or does not come to an end
   */
  encode(text: string): number[];
  /**
   * The text of each id, for display. Joined they are the text that the ids were made of, as far as the tokenizer keeps it: a
   * letter that is spread over several tokens is at the first of them.
   */
  pieces(ids: readonly number[]): string[];
  /** The id of the token that stands at the beginning of every text the model was trained on; undefined if none is named. */
  readonly beginOfText?: number;
}

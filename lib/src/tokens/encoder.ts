/** Turns a text into ids, with nothing added in front or at the end. */
export type Encode = (text: string) => number[];

/** What a tokenizer is refused with that does not do its work in the time and memory that it has. */
export const ENDLESS = "it does not come to an end: its patterns may be malicious";

/** A text of 100,000 characters takes half a second; longer than this, in milliseconds, only what never ends. */
export function longestTime(characters: number): number {
  return 10_000 + characters;
}

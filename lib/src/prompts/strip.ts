/**
 * What Python's str.strip removes: whitespace by str.isspace. It differs from JavaScript's trim: U+001C to U+001F and
 * U+0085 are whitespace there, U+FEFF is not.
 */
const WHITESPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

const LEADING = new RegExp(`^${WHITESPACE}+`);
const ANY = new RegExp(WHITESPACE);

/** A text without whitespace at both ends, as Python's `str.strip()` gives it: the paper's prompts were stripped so. */
export function pythonStrip(text: string): string {
  let end = text.length;
  while (end > 0 && ANY.test(text[end - 1])) end--;
  return text.slice(0, end).replace(LEADING, "");
}

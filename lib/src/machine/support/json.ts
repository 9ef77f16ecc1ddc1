import { messageOf, UserError } from "./errors";
import { readSmallFile } from "./files";

/** The largest tokenizers have 40 MB. Memory for what JSON holds can be twenty times its text. */
const LARGEST_FILE = 2 ** 26;

/** Files that people write nest ten levels or so. Whoever walks through a value may call itself as often. */
const DEEPEST_NESTING = 200;

/** How much of a value a message shows. */
const LONGEST_SHOWN = 100;

/** Reads a JSON file that must hold an object. @throws UserError naming the file */
export function readJsonObject(path: string): Record<string, unknown> {
  const bytes = readSmallFile(path, LARGEST_FILE);
  let value: unknown;
  try {
    value = parseJson(utf8(bytes));
  } catch (error) {
    throw new UserError(`${path}: cannot be read (${messageOf(error)})`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UserError(`${path}: must hold a JSON object`);
  }
  return value as Record<string, unknown>;
}

/** The text of bytes that must be UTF-8; a byte order mark is left out. @throws Error if they are not */
export function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw error instanceof TypeError ? new Error("it is not UTF-8 text", { cause: error }) : error;
  }
}

/** As `JSON.parse`, for text that anybody may have written. @throws Error if it is no JSON, or nested too deeply */
export function parseJson(text: string): unknown {
  // JSON.parse itself has no limit, but nearly everything that is done with a value has one, at which it breaks down.
  if (nesting(text) > DEEPEST_NESTING) throw new Error(`it is nested deeper than ${DEEPEST_NESTING} levels`);
  return JSON.parse(text);
}

/** How many brackets are open at once, at most, outside of strings. */
function nesting(text: string): number {
  let deepest = 0;
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (quoted) {
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) {
      quoted = true;
    } else if (code === BRACKET || code === BRACE) {
      deepest = Math.max(deepest, ++depth);
    } else if (code === BRACKET + 2 || code === BRACE + 2) {
      depth--; // The closing ones.
    }
  }
  return deepest;
}

const QUOTE = '"'.charCodeAt(0);
const BACKSLASH = "\\".charCodeAt(0);
const BRACKET = "[".charCodeAt(0);
const BRACE = "{".charCodeAt(0);

/** A value that a file holds, as a message shows it: JSON, cut if it is long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)} ..` : text;
}

import { inspect } from "node:util";

/**
 * An error that is meant for the person at the keyboard: its message says what is wrong, where, and what to do.
 * The command line prints it as one line; everything else that is thrown is a defect of the program.
 *
 * @example new UserError("no model is named").name; // "UserError"
 */
export class UserError extends Error {
  override name = "UserError";

  constructor(message: string, options?: ErrorOptions) {
    super(forPeople(message), options);
  }

  /** What a notebook and the console show: the message, without a stack trace unless the environment variable DEBUG is set. */
  [inspect.custom](): string {
    return process.env.DEBUG && this.stack ? this.stack : `${this.name}: ${this.message}`;
  }
}

/** Messages quote files that anybody may have written: a longer one than this is cut. */
const LONGEST_MESSAGE = 4000;

/** What a terminal would obey, or what turns the direction of writing; line breaks and tabs are let through. */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Name and password in front of an address's host; one that was taken for a path has lost a slash. */
const CREDENTIALS = /\b([a-z][a-z\d+.-]{2,}:\/+)[^\s/?#]*@/gi;

/** A text without the names and passwords that addresses in it have. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(CREDENTIALS, "$1***@");
}

function forPeople(message: string): string {
  const plain = withoutCredentials(message);
  const cut = plain.length > LONGEST_MESSAGE ? `${plain.slice(0, LONGEST_MESSAGE)} ..` : plain;
  return cut.replaceAll(UNSEEN, (character) =>
    "\n\t".includes(character) ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  // From other processes errors come as plain objects.
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === "string" ? message : String(error);
}

/**
 * Prints an error the way a command should: one line on stderr (the stack trace only if the environment variable DEBUG is
 * set), and leaves exit code 1.
 */
export function reportError(error: unknown): void {
  const debug = process.env.DEBUG && error instanceof Error;
  const text = debug ? (error.stack ?? error.message) : `error: ${messageOf(error).replaceAll(/\s*\n\s*/g, " ")}`;
  process.stderr.write(`${withoutCredentials(text)}\n`);
  process.exitCode = 1;
}

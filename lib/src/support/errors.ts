import { inspect } from "node:util";

/**
 * An error that is meant for the person at the keyboard: its message says what is wrong, where, and what to do.
 * The command line prints it as one line; everything else that is thrown is a defect of the program.
 */
export class UserError extends Error {
  override name = "UserError";

  /** What a notebook and the console show: the message, without a stack trace unless the environment variable DEBUG is set. */
  [inspect.custom](): string {
    return process.env.DEBUG && this.stack ? this.stack : `${this.name}: ${this.message}`;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Prints an error the way a command should: one line on stderr (the stack trace only if the environment variable DEBUG is
 * set), and leaves exit code 1.
 */
export function reportError(error: unknown): void {
  const debug = process.env.DEBUG && error instanceof Error;
  process.stderr.write(`${debug ? error.stack : `error: ${messageOf(error).replaceAll(/\s*\n\s*/g, " ")}`}\n`);
  process.exitCode = 1;
}

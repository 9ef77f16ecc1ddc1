import { InvalidArgumentError } from "commander";
import { BACKENDS } from "../../machine/backend/backend";
import { UserError } from "../../machine/support/errors";
import { checkOutputFile } from "../../machine/support/files";
import { isStandardOutput } from "../../machine/support/outputTarget";

export const BACKEND_HELP = `auto, ${BACKENDS.map(({ name }) => name).join(", ")} (default: auto, which is $TOKEN_GEOMETRY_BACKEND if that is set)`;

export const MODEL_HELP =
  "a model by name (token-geometry models lists them), a folder in Hugging Face layout or a .gguf file, or owner/name[@revision] or owner/name/FILE.gguf[@revision] on the hub";

/** An option's value as a whole number of at least `least`. */
export function wholeNumber(least: number): (value: string) => number {
  return (value) => {
    if (!/^\d+$/.test(value) || Number(value) < least) {
      throw new InvalidArgumentError(`must be a whole number, ${least} or more.`);
    }
    return Number(value);
  };
}

/** An option's value as a number from 0 on. */
export function decimalNumber(value: string): number {
  if (!/^(\d+\.?\d*|\.\d+)(e-?\d+)?$/i.test(value)) throw new InvalidArgumentError("must be a number, 0 or more.");
  return Number(value);
}

/** An option's value as whole numbers with commas between them. */
export function wholeNumbers(value: string): number[] {
  const parts = value.split(",").map((part) => part.trim());
  if (!parts.every((part) => /^\d+$/.test(part))) {
    throw new InvalidArgumentError("must be whole numbers with commas between them, like 1,2,3.");
  }
  return parts.map(Number);
}

/**
 * Checks, before any work, where results are to go, and says where to write what there is to say of them: on stderr, if the
 * results themselves are on stdout.
 *
 * @param out a file, or "-"
 * @throws UserError if it cannot be written, or JSON would be mixed up with it
 */
export function besideOutput(out: string, json = false): NodeJS.WriteStream {
  checkOutputFile(out);
  if (!isStandardOutput(out)) return process.stdout;
  if (json) throw new UserError("--json goes to standard output, as --out does; name a file");
  return process.stderr;
}

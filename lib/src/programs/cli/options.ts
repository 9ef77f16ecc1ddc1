import { InvalidArgumentError } from "commander";
import { BACKENDS } from "../../machine/backend/backend";

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

/** An option's value as whole numbers with commas between them. */
export function wholeNumbers(value: string): number[] {
  const parts = value.split(",").map((part) => part.trim());
  if (!parts.every((part) => /^\d+$/.test(part))) {
    throw new InvalidArgumentError("must be whole numbers with commas between them, like 1,2,3.");
  }
  return parts.map(Number);
}

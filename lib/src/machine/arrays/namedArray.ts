import { UserError } from "../support/errors";
import type { Numbers } from "../support/numberTypes";

/** An array of numbers with the name that it has in its file. */
export interface NamedArray {
  /** Empty where the file holds one array without a name. */
  name: string;
  shape: number[];
  /** In C order. */
  data: Numbers;
}

/** An array of a file that is not read yet. */
export interface ListedArray {
  name: string;
  /** Its shape in brackets, or why it cannot be read, for the message that lists arrays. */
  describe(): string;
  /** @throws UserError if its type cannot be read, or it is damaged */
  read(): NamedArray;
}

/** Names that a message lists. */
const MOST_LISTED = 20;

/**
 * The array of a file that was asked for, or the only one.
 *
 * @param wanted its name
 * @throws UserError listing names and shapes if there is none of that name, or there are several and none was named
 */
export function chooseArray(path: string, arrays: readonly ListedArray[], wanted?: string): NamedArray {
  if (wanted === undefined && arrays.length === 1) return arrays[0].read();
  const chosen = arrays.find(({ name }) => name === wanted);
  if (chosen) return chosen.read();
  if (arrays.length === 0) throw new UserError(`${path}: holds no arrays of numbers`);
  const all = listed(
    arrays.slice(0, MOST_LISTED + 1).map((array) => `${array.name} ${array.describe()}`),
    arrays.length,
  );
  if (wanted !== undefined) throw new UserError(`${path}: holds no array ${wanted}; there are ${all}`);
  throw new UserError(`${path}: holds ${arrays.length} arrays; write ${path}:NAME for one of them: ${all}`);
}

/** Names for a message, with commas between them; not all if they are many. */
export function listed(names: readonly string[], count: number = names.length): string {
  const shown = names.slice(0, MOST_LISTED).join(", ");
  return count > MOST_LISTED ? `${shown} and ${count - MOST_LISTED} more` : shown || "none";
}

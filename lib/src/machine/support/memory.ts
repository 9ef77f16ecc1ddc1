import { totalmem } from "node:os";
import { UserError } from "./errors";

/** The environment variable that limits memory, in GiB. */
export const MEMORY_VARIABLE = "TOKEN_GEOMETRY_MEMORY";

const GIBIBYTE = 2 ** 30;

/** WebAssembly addresses 4 GiB; half of it is left to what a pass needs for itself. */
const WASM_LIMIT = 2 * GIBIBYTE;

/**
 * How many bytes of weights and waiting hidden states a run may hold: what TOKEN_GEOMETRY_MEMORY says, else half of the
 * machine's memory (or of what its container may use), and never more than the backend can address.
 *
 * @throws UserError if the variable is no number above 0
 */
export function memoryBudget(backend: string): number {
  const wish = process.env[MEMORY_VARIABLE];
  let budget = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY) / 2;
  if (wish) {
    budget = Number(wish) * GIBIBYTE;
    if (!(budget > 0))
      throw new UserError(`${MEMORY_VARIABLE} is "${wish}"; it must be a number of GiB above 0, like 8`);
  }
  return backend === "wasm" ? Math.min(budget, WASM_LIMIT) : budget;
}

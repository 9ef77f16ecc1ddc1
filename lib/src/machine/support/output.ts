import { reportError, UserError } from "./errors";
import { writeProblem } from "./files";

/**
 * Lets this process go on without a reader of what it prints: one that has seen enough (`| head`) is no error. Whatever
 * else keeps results from getting out is told; messages that get nowhere are lost.
 */
export function guardOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") reportError(new UserError(`cannot write to standard output: ${writeProblem(error)}`));
  });
  process.stderr.on("error", () => {});
}

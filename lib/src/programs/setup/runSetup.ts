import type { Command } from "commander";
import { reportError } from "../../machine/support/errors";

/**
 * Parses a command line and does what it says; sets the exit code, throws nothing.
 * @param act is given the options, and what tells a person each step
 */
export async function runSetup<Options extends object>(
  command: Command,
  args: string[],
  act: (options: Options, say: (line: string) => void) => Promise<void>,
): Promise<void> {
  try {
    const options = command.parse(args, { from: "user" }).opts<Options>();
    await act(options, (line) => process.stderr.write(`${line}\n`));
  } catch (error) {
    reportError(error);
  }
}

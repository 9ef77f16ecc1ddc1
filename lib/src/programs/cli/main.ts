import { Command, CommanderError } from "commander";
import { reportError, UserError } from "../../machine/support/errors";
import { libraryVersion } from "../../machine/support/project";
import { extractCommand } from "./extract";
import { fetchCommand } from "./fetch";
import { geometryCommand } from "./geometry";
import { mergeCommand } from "./merge";
import { modelsCommand } from "./models";
import { rowsCommand } from "./rows";
import { runCommand } from "./run";
import { statusCommand } from "./status";
import { traceCommand } from "./trace";

/** The commands, in the order of the help. One file each. */
const COMMANDS = [
  extractCommand,
  geometryCommand,
  runCommand,
  statusCommand,
  mergeCommand,
  rowsCommand,
  traceCommand,
  fetchCommand,
  modelsCommand,
];

/** The program `token-geometry`: results on stdout, messages on stderr, exit code 1 on an error. */
export async function main(argv: string[]): Promise<void> {
  const program = new Command("token-geometry")
    .description("Geometry of the token vectors inside language models, layer by layer (arXiv 2501.10573).")
    .version(libraryVersion())
    .configureOutput({ outputError: () => {} });
  for (const command of COMMANDS) command(program);
  for (const command of program.commands) command.option("--offline", "download nothing, whatever is missing");
  program.hook("preAction", (_program, command) => {
    // By the environment, so that processes that are started further down know it, too.
    if (command.opts<{ offline?: boolean }>().offline) process.env.TOKEN_GEOMETRY_OFFLINE = "1";
  });
  for (const command of [program, ...program.commands]) command.exitOverride().copyInheritedSettings(program);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version are "errors" of exit code 0.
      if (error.exitCode === 0 || error.code === "commander.help") process.exitCode = error.exitCode;
      else reportError(new UserError(`${error.message.replace(/^error: /, "")} (see token-geometry --help)`));
    } else {
      reportError(error);
    }
  }
}

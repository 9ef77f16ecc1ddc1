import { spawn } from "node:child_process";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { reportError, UserError } from "../../machine/support/errors";
import { PROJECT_ROOT, resolveFromProject } from "../../machine/support/project";
import { type FrontEnd, findJupyter, GET_JUPYTER } from "./jupyter";
import {
  jupyterEnvironment,
  KERNEL_NAME,
  registerLocalKernel,
  registerUserKernel,
  unregisterKernels,
} from "./kernelSpec";

interface Options {
  notebook?: boolean;
  register?: boolean;
  user?: boolean;
  unregister?: boolean;
}

/** The command `npm run lab`: registers this clone's kernel and opens Jupyter. Sets the exit code, throws nothing. */
export async function main(args: string[] = process.argv.slice(2)): Promise<void> {
  const cut = args.indexOf("--");
  const own = cut < 0 ? args : args.slice(0, cut);
  const command = new Command("npm run lab --")
    .description(
      "Opens JupyterLab (or Notebook) on the notebooks, with the kernel of this clone; other kernels of yours stay as they are.",
    )
    .argument("[file]", "the notebook to open", "notebooks/00-start-here.ipynb")
    .option("--notebook", "opens Notebook even if JupyterLab is there")
    .option("--register", "only registers the kernel in .jupyter of this clone, and says how to use it")
    .option("--user", "only registers it as a kernel of your own, for VS Code, nbconvert, papermill and other programs")
    .option("--unregister", "takes both away again")
    .addHelpText("after", "\nWhat follows a -- goes to Jupyter: npm run lab -- -- --no-browser --port=8899")
    .allowExcessArguments(false)
    .exitOverride();
  try {
    command.parse(own, { from: "user" });
    process.exitCode = await run(command.processedArgs[0], command.opts<Options>(), cut < 0 ? [] : args.slice(cut + 1));
  } catch (error) {
    if (!(error instanceof CommanderError)) reportError(error);
    else if (error.exitCode !== 0) process.exitCode = 1; // commander has printed it
  }
}

async function run(file: string, options: Options, passedOn: string[]): Promise<number> {
  if (options.unregister) {
    const removed = unregisterKernels();
    console.log(removed.length > 0 ? `removed ${removed.join(" and ")}` : "nothing was registered");
    return 0;
  }
  if (options.user) {
    const [named, asked] = registerUserKernel();
    console.log(`registered the kernel "TypeScript (token-geometry)" in ${named}`);
    if (asked) console.log(`and under the name that the notebooks ask for in ${asked}`);
    else
      console.log(
        `a kernel "${KERNEL_NAME}" of your own is there and stays: choose the other one, or --kernel token-geometry`,
      );
    return 0;
  }
  const path = registerLocalKernel();
  if (options.register) {
    console.log(`registered the kernel "TypeScript" of this clone; start Jupyter with JUPYTER_PATH=${path}`);
    return 0;
  }
  const wanted: FrontEnd[] = options.notebook ? ["notebook"] : ["lab", "notebook"];
  const frontEnd = findJupyter()?.frontEnds.find(({ name }) => wanted.includes(name));
  if (!frontEnd) {
    const what = options.notebook ? "Jupyter Notebook" : "Jupyter";
    throw new UserError(
      `${what} was not found on the PATH: ${GET_JUPYTER}; without it, npm run figures runs the notebooks`,
    );
  }
  return await open(frontEnd.command, resolveFromProject(file), passedOn);
}

/** Runs the front end in the foreground; it gets Ctrl-C by itself. */
function open(command: readonly string[], file: string, passedOn: readonly string[]): Promise<number> {
  const [program, ...first] = command;
  // All servers, old and new, take this option; the folder is the one that links between notebooks and to data start from.
  const args = [...first, `--notebook-dir=${PROJECT_ROOT}`, join(file), ...passedOn];
  const child = spawn(program, args, { cwd: PROJECT_ROOT, env: jupyterEnvironment(), stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (signal !== "SIGINT") child.kill(signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", (error) => reject(new UserError(`${program} does not start: ${error.message}`)));
    child.on("close", (code, signal) => resolve(signal === null || signal === "SIGINT" ? (code ?? 0) : 1));
  });
}

import { renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Command } from "commander";
import { openBlas } from "../../machine/backend/blas";
import { BLAS_FILE, blasFolder, installedBlas } from "../../machine/backend/installedBlas";
import { formatBytes } from "../../machine/packages/progressBar";
import type { Platform } from "../../machine/packages/wheelName";
import { messageOf, UserError } from "../../machine/support/errors";
import { makeFolder, makeWorkFolder } from "../../machine/support/files";
import { ZipArchive } from "../../machine/support/zip";
import { cacheFolder } from "./cacheFolder";
import { findWheel, takeWheel } from "./findWheel";
import { describePlatform } from "./platform";
import { runSetup } from "./runSetup";
import { type UnpackPlan, unpack } from "./unpack";

/** OpenBLAS for programs of Python that link to it, on PyPI: one library, and nothing that it needs besides. */
const PROJECT = "scipy-openblas32";

/** What the setup was tried with. */
const VERSION = "0.3.34.481.3";

/** Bytes of the wheel. */
const DOWNLOAD = 8e6;

const LIBRARY = `scipy_openblas32/lib/${BLAS_FILE}`;

/** The options of the command. */
interface BlasOptions {
  wheel?: string;
  version?: string;
  status?: boolean;
  uninstall?: boolean;
}

/** The command line `setup-blas`; sets the exit code, throws nothing. */
export async function main(args: string[] = process.argv.slice(2)): Promise<void> {
  const command = new Command("setup-blas")
    .description("Fetches OpenBLAS (8 MB), so that the backend wasm multiplies matrices several times as fast. Linux.")
    .option("--wheel <file>", `use this wheel of ${PROJECT} instead of finding one`)
    .option("--version <version>", "which one", VERSION)
    .option("--status", "say what is installed, and try it")
    .option("--uninstall", "take it away again")
    .allowExcessArguments(false);
  await runSetup(command, args, setupBlas);
}

/**
 * Does what the options say.
 * @param say is told each step, for people
 * @throws UserError that says what is wrong and what to do; what was set up before then stays
 */
export async function setupBlas(options: BlasOptions, say: (line: string) => void): Promise<void> {
  const installed = installedBlas();
  if (options.uninstall) {
    rmSync(blasFolder(), { recursive: true, force: true });
    return say(installed ? `removed ${installed}` : "nothing was installed by this command");
  }
  if (options.status) return say(installed ? `${openBlas(installed).name} works: ${installed}` : "not installed");
  // npm runs scripts in the project's folder; a path is meant from where the person stood.
  const wheelFile = options.wheel && resolve(process.env.INIT_CWD ?? ".", options.wheel);
  const platform = linuxPlatform();
  const specifier = `==${options.version ?? VERSION}`;
  const request = { projects: [PROJECT], specifier, cache: cacheFolder(), platform, bytes: DOWNLOAD, say };
  const wheel = wheelFile ? await takeWheel(wheelFile, platform, request.projects) : await findWheel(request);
  say(`wheel ${wheel.file}, SHA-256 checked against ${wheel.checkedAgainst}`);
  const { name, size } = await installLibrary(wheel.path);
  say(
    `${name} works: ${join(blasFolder(), BLAS_FILE)} (${formatBytes(size)}); npm run setup:blas -- --uninstall takes it away`,
  );
}

/** @throws UserError where there is nothing to set up */
function linuxPlatform(): Platform {
  if (process.platform === "darwin")
    throw new UserError("macOS has a BLAS library (Accelerate), which is used as it is");
  if (process.platform !== "linux") {
    throw new UserError(
      `setup:blas is for Linux: put openblas.dll on the PATH, or name a library in TOKEN_GEOMETRY_BLAS`,
    );
  }
  return describePlatform(undefined, "OpenBLAS of PyPI");
}

/** Unpacks the library beside its place, tries it, and only then puts it there. */
async function installLibrary(path: string): Promise<{ name: string; size: number }> {
  const archive = new ZipArchive(path);
  const cache = dirname(blasFolder());
  makeFolder(cache);
  const stage = makeWorkFolder(cache);
  try {
    const plan: UnpackPlan = { members: [{ name: LIBRARY, target: BLAS_FILE }], size: archive.entry(LIBRARY).size };
    const [{ size }] = await unpack(archive, plan, stage);
    const { name } = tried(join(stage, BLAS_FILE));
    makeFolder(blasFolder());
    renameSync(join(stage, BLAS_FILE), join(blasFolder(), BLAS_FILE));
    return { name, size };
  } finally {
    archive.close();
    rmSync(stage, { recursive: true, force: true });
  }
}

function tried(library: string): { name: string } {
  try {
    return openBlas(library);
  } catch (error) {
    throw new UserError(`the library of this wheel cannot be used here: ${messageOf(error).split("\n")[0]}`, {
      cause: error,
    });
  }
}

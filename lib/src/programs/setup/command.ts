import { rmSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { Command } from "commander";
import { findChangedFile, type Manifest, readManifest } from "../../machine/backend/tensorflowManifest";
import {
  findTensorflowAddon,
  findTensorflowPackage,
  TENSORFLOW_PACKAGE,
} from "../../machine/backend/tensorflowRuntime";
import { checkDisk } from "../../machine/packages/disk";
import { formatBytes } from "../../machine/packages/progressBar";
import { parseWheelName } from "../../machine/packages/wheelName";
import { UserError } from "../../machine/support/errors";
import { sha256Of } from "../../machine/support/hash";
import { ZipArchive } from "../../machine/support/zip";
import { cacheFolder } from "./cacheFolder";
import { findCompiler, findNodeHeaders } from "./compile";
import { type FoundWheel, findWheel, requireWheelFile, takeWheel } from "./findWheel";
import { findGpuDriver, requireGpuDriver } from "./gpu";
import { installTensorflow, uninstallTensorflow } from "./install";
import { DEFAULT_VERSION } from "./knownWheels";
import { describePlatform } from "./platform";
import { proveAddon } from "./prove";
import { runSetup } from "./runSetup";
import { readMetadata } from "./unpack";
import { cudaRequirements } from "./version";

/** Bytes on disk: measured with TensorFlow 2.21.0 for the processor; for the GPU a guess from the sizes of its wheels. */
const DISK_USE = { cpu: { download: 0.28e9, installed: 0.86e9 }, gpu: { download: 3.5e9, installed: 7e9 } };

/** The options of the command. */
export interface SetupOptions {
  cpu?: boolean;
  gpu?: boolean;
  wheel?: string;
  version?: string;
  uninstall?: boolean;
  status?: boolean;
  force?: boolean;
}

/** The command line `setup-tensorflow`; sets the exit code, throws nothing. */
export async function main(args: string[] = process.argv.slice(2)): Promise<void> {
  const command = new Command("setup-tensorflow")
    .description(
      "Builds the native addon of tfjs-node-gpu on a current TensorFlow, so that everything runs several times as fast.",
    )
    .option("--cpu", "for the processor (the default)")
    .option("--gpu", "for an NVIDIA GPU: takes the CUDA libraries along, several GB")
    .option("--wheel <file>", "use this TensorFlow wheel instead of finding one")
    .option("--version <version>", "which TensorFlow", undefined)
    .option("--force", "build again even if it is there")
    .option("--status", "say what is installed, and check it")
    .option("--uninstall", "take it away again")
    .allowExcessArguments(false);
  await runSetup(command, args, setup);
}

/**
 * Does what the options say.
 * @param say is told each step, for people
 * @throws UserError that says what is wrong and what to do; the project then works as before
 */
export async function setup(options: SetupOptions, say: (line: string) => void): Promise<void> {
  // npm runs scripts in the project's folder; a path is meant from where the person stood.
  if (options.wheel) {
    options = { ...options, wheel: resolve(process.env.INIT_CWD ?? ".", options.wheel) };
    requireWheelFile(options.wheel!);
  }
  if (options.cpu && options.gpu) throw new UserError("--cpu and --gpu exclude each other");
  const packageFolder = findTensorflowPackage();
  if (!packageFolder) {
    throw new UserError(
      `the package ${TENSORFLOW_PACKAGE} is not in node_modules: run npm ci in the project's folder (without --omit=optional) and try again`,
    );
  }
  if (options.uninstall) return uninstall(packageFolder, say);
  const manifest = readManifest(packageFolder);
  if (options.status) return status(packageFolder, manifest, say);

  const device = options.gpu ? "gpu" : "cpu";
  const version =
    options.version ?? (options.wheel ? parseWheelName(basename(options.wheel)).version : DEFAULT_VERSION);
  if (manifest && !options.force && (await isSame(manifest, device, version, options.wheel))) {
    const changed = await findChangedFile(packageFolder, manifest);
    if (!changed) {
      report(manifest, { ...manifest.proof, ...proveAddon(packageFolder) }, say);
      return say("it was there already and is in order");
    }
    say(`${changed} is missing or damaged: installing again`);
  }

  // Whatever would stop the work later is found out before anything is downloaded.
  const platform = describePlatform();
  findCompiler();
  findNodeHeaders();
  const driver = findGpuDriver();
  if (device === "gpu") requireGpuDriver(driver);
  if (options.wheel === undefined || device === "gpu") announceDisk(packageFolder, device, say);
  for (const card of driver.cards) say(`NVIDIA card: ${card}${device === "cpu" ? " (--gpu would use it)" : ""}`);

  const cache = cacheFolder();
  const projects = device === "gpu" ? ["tensorflow"] : ["tensorflow-cpu", "tensorflow"];
  const request = { projects, specifier: `==${version}`, cache, platform, bytes: DISK_USE[device].download, say };
  const wheel = options.wheel ? await takeWheel(options.wheel, platform) : await findWheel(request);
  say(
    `wheel ${wheel.file} (${formatBytes(statSync(wheel.path).size)}), SHA-256 checked against ${wheel.checkedAgainst}`,
  );
  const cuda = device === "gpu" ? await findCudaWheels(wheel, request) : [];
  const installed = await installTensorflow({ packageFolder, device, wheel, cuda, platform, say });
  report(installed, installed.proof, say);
  if (!options.wheel)
    say(`the downloads are kept in ${cache}, so that npm ci need not cost another; delete them as you like`);
}

/** Says what it will take of the disk before anything is downloaded; exact numbers follow once the wheels are there. */
function announceDisk(packageFolder: string, device: "cpu" | "gpu", say: (line: string) => void): void {
  const { download, installed } = DISK_USE[device];
  say(
    `this takes about ${formatBytes(download)} in ${cacheFolder()} for downloads and ${formatBytes(installed)} in ${packageFolder}`,
  );
  checkDisk(packageFolder, installed);
}

async function findCudaWheels(wheel: FoundWheel, request: Parameters<typeof findWheel>[0]): Promise<FoundWheel[]> {
  const archive = new ZipArchive(wheel.path);
  const requirements = cudaRequirements(readMetadata(archive));
  archive.close();
  if (requirements.length === 0) {
    throw new UserError(
      `${wheel.file} asks for no CUDA libraries: for --gpu give the wheel "tensorflow", not "tensorflow-cpu"`,
    );
  }
  const found: FoundWheel[] = [];
  for (const { project, specifier } of requirements) {
    found.push(await findWheel({ ...request, projects: [project], specifier, bytes: undefined }));
  }
  return found;
}

async function isSame(
  manifest: Manifest,
  device: string,
  version: string,
  wheel: string | undefined,
): Promise<boolean> {
  if (manifest.device !== device || (wheel === undefined && manifest.tensorflow !== version)) return false;
  return (
    wheel === undefined ||
    !statSync(wheel, { throwIfNoEntry: false }) ||
    (await sha256Of(wheel)) === manifest.wheels[0].sha256
  );
}

async function status(
  packageFolder: string,
  manifest: Manifest | undefined,
  say: (line: string) => void,
): Promise<void> {
  const state = findTensorflowAddon(packageFolder);
  if (!manifest) return say(state.installed ? `installed: ${state.why}` : `not installed: ${state.why}`);
  const changed = await findChangedFile(packageFolder, manifest);
  if (changed) throw new UserError(`${changed} is missing or damaged: run npm run setup:tensorflow to repair it`);
  report(manifest, { ...manifest.proof, ...proveAddon(packageFolder) }, say);
}

function uninstall(packageFolder: string, say: (line: string) => void): void {
  const removed = uninstallTensorflow(packageFolder);
  rmSync(cacheFolder(), { recursive: true, force: true });
  say(
    removed
      ? `TensorFlow ${removed.tensorflow} was removed, with the downloads in ${cacheFolder()}; the project goes on with the backend wasm`
      : "nothing was installed by this command",
  );
}

function report(manifest: Manifest, proof: Manifest["proof"], say: (line: string) => void): void {
  const size = manifest.files.reduce((sum, file) => sum + file.size, 0);
  say(
    `TensorFlow ${proof.version} works on ${proof.devices.join(", ")}: ${Math.round(proof.gigaflops)} GFLOP/s, ` +
      `largest deviation from plain JavaScript ${proof.largestDeviation.toExponential(1)}, ${formatBytes(size)} on disk`,
  );
}

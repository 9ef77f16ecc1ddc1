import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { ADDON, MANIFEST, type Manifest, readManifest, writeManifest } from "../../machine/backend/tensorflowManifest";
import { checkDisk } from "../../machine/packages/disk";
import { formatBytes, ProgressBar } from "../../machine/packages/progressBar";
import type { Platform } from "../../machine/packages/wheelName";
import { UserError } from "../../machine/support/errors";
import { sha256Of } from "../../machine/support/hash";
import { ZipArchive } from "../../machine/support/zip";
import { ADDON_CORE, compileAddon, findCompiler, findNodeHeaders } from "./compile";
import type { FoundWheel } from "./findWheel";
import { proveAddon } from "./prove";
import { planCudaLibraries, planLibraries, unpack, unpackHeaders } from "./unpack";

/** What is installed, from what, into what. */
export interface InstallJob {
  packageFolder: string;
  device: "cpu" | "gpu";
  /** TensorFlow's wheel. */
  wheel: FoundWheel;
  /** NVIDIA's wheels, for the GPU. */
  cuda: FoundWheel[];
  platform: Platform;
  say(line: string): void;
}

/** What a stock addon is called while ours takes its place. */
const STOCK = `${ADDON}.stock`;
const STAGE_PREFIX = ".tfjs-node-gpu-setup-";

/**
 * Unpacks the libraries, builds the addon, proves it, and only then puts it into the package. Everything is made in a folder
 * beside the package and moved in by renaming: whatever fails before leaves the package as it was.
 *
 * @throws UserError that says what is wrong and what to do
 */
export async function installTensorflow(job: InstallJob): Promise<Manifest> {
  const compiler = findCompiler();
  const nodeHeaders = findNodeHeaders();
  const parent = dirname(job.packageFolder);
  removeLeftovers(parent);
  const archives = [job.wheel, ...job.cuda].map((wheel) => new ZipArchive(wheel.path));
  const stage = mkdtempSync(join(parent, `${STAGE_PREFIX}${process.pid}-`));
  const stop = onInterrupt(() => rmSync(stage, { recursive: true, force: true }));
  try {
    const plans = archives.map((archive, index) => (index === 0 ? planLibraries(archive) : planCudaLibraries(archive)));
    const size = plans.reduce((sum, plan) => sum + plan.size, 0);
    job.say(`unpacking ${formatBytes(size)} of libraries into ${job.packageFolder}`);
    checkDisk(parent, size);
    const libraries = `deps/tensorflow-${job.wheel.version}-${job.device}-${basename(stage).slice(-6)}`;
    const bar = new ProgressBar("unpacking", size);
    const files: Manifest["files"] = [];
    for (const [index, archive] of archives.entries()) {
      const unpacked = await unpack(archive, plans[index], join(stage, libraries), bar);
      files.push(...unpacked.map((file) => ({ ...file, path: `${libraries}/${file.path}` })));
    }
    bar.end();
    const headers = unpackHeaders(archives[0], join(stage, "include"));
    job.say(`building the addon with ${compiler.version} (${headers} headers)`);
    compileAddon({
      compiler,
      sources: join(job.packageFolder, "binding"),
      includes: [join(stage, "include"), nodeHeaders],
      libraries: files.filter(({ path }) => path.includes("libtensorflow_")).map(({ path }) => join(stage, path)),
      output: join(stage, ADDON),
      system: job.platform.system,
    });
    for (const path of [`${libraries}/${ADDON_CORE}`, ADDON]) {
      files.push({ path, size: statSync(join(stage, path)).size, sha256: await sha256Of(join(stage, path)) });
    }

    // The package's own JavaScript beside the new addon, so that what is proved is what will run.
    for (const part of ["package.json", "dist"])
      cpSync(join(job.packageFolder, part), join(stage, part), { recursive: true });
    job.say("loading it in a process of its own");
    const proof = proveAddon(stage);
    if (job.device === "gpu" && !proof.usesGpu) {
      throw new UserError(
        `the GPU version loads but TensorFlow finds no GPU it can use${proof.gpuProblem ? ` (${proof.gpuProblem})` : ""}: see the GPU table and the troubleshooting in docs/tensorflow.md, or set up with --cpu`,
      );
    }
    const manifest: Manifest = {
      format: 1,
      tensorflow: proof.version,
      device: job.device,
      package: JSON.parse(readFileSync(join(job.packageFolder, "package.json"), "utf8")).version as string,
      wheels: [job.wheel, ...job.cuda].map(({ file, sha256, checkedAgainst }) => ({ file, sha256, checkedAgainst })),
      compiler: compiler.version,
      libraries,
      files,
      proof,
      installedAt: new Date().toISOString(),
    };
    putInPlace(job.packageFolder, stage, manifest);
    return manifest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") {
      throw new UserError("the disk got full while unpacking: free some space and run again; nothing was changed", {
        cause: error,
      });
    }
    throw error;
  } finally {
    stop();
    for (const archive of archives) archive.close();
    rmSync(stage, { recursive: true, force: true });
  }
}

/**
 * Takes everything away that the setup installed; an addon that was there before comes back.
 * @returns what was removed, or undefined if nothing of ours was there
 */
export function uninstallTensorflow(packageFolder: string): Manifest | undefined {
  const manifest = readManifest(packageFolder);
  removeLeftovers(dirname(packageFolder));
  if (!manifest) return undefined;
  rmSync(join(packageFolder, ADDON), { force: true });
  if (existsSync(join(packageFolder, STOCK))) renameSync(join(packageFolder, STOCK), join(packageFolder, ADDON));
  rmSync(join(packageFolder, MANIFEST), { force: true });
  removeOtherLibraries(packageFolder, undefined);
  for (const folder of [dirname(ADDON), dirname(dirname(ADDON)), "deps"]) removeIfEmpty(join(packageFolder, folder));
  return manifest;
}

/** Moves a proved installation into the package. The addon comes last but one: until then the old one is whole. */
function putInPlace(packageFolder: string, stage: string, manifest: Manifest): void {
  const addon = join(packageFolder, ADDON);
  mkdirSync(join(packageFolder, "deps"), { recursive: true });
  mkdirSync(dirname(addon), { recursive: true });
  if (existsSync(addon) && !readManifest(packageFolder)) renameSync(addon, join(packageFolder, STOCK));
  renameSync(join(stage, manifest.libraries), join(packageFolder, manifest.libraries));
  renameSync(join(stage, ADDON), addon);
  writeManifest(packageFolder, manifest);
  removeOtherLibraries(packageFolder, basename(manifest.libraries));
}

function removeOtherLibraries(packageFolder: string, keep: string | undefined): void {
  const deps = join(packageFolder, "deps");
  if (!existsSync(deps)) return;
  for (const name of readdirSync(deps)) {
    if (/^tensorflow-.*-(cpu|gpu)-\w{6}$/.test(name) && name !== keep)
      rmSync(join(deps, name), { recursive: true, force: true });
  }
}

function removeIfEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}

/** Removes what a run that was killed has left, unless its process is still at work. */
function removeLeftovers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = new RegExp(`^\\${STAGE_PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid && !isRunning(Number(pid))) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

/** Cleans up when the person presses Ctrl-C or the process is told to end. Returns what takes that back. */
function onInterrupt(cleanUp: () => void): () => void {
  const interrupted = () => {
    cleanUp();
    process.exit(130);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, interrupted);
  return () => {
    for (const signal of signals) process.off(signal, interrupted);
  };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

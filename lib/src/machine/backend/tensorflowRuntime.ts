import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import util from "node:util";
import { ADDON, findMissingFile, readManifest } from "./tensorflowManifest";

/** The npm package whose native addon the setup builds. */
export const TENSORFLOW_PACKAGE: string = "@tensorflow/tfjs-node-gpu";

/** Set to anything, this environment variable lets TensorFlow print what it has to say. */
export const LOG_VARIABLE: string = "TOKEN_GEOMETRY_TENSORFLOW_LOG";

/** Whether the native addon is in place. */
export interface AddonState {
  installed: boolean;
  /** One sentence part for people: what is there, or what is missing and how to get it. */
  why: string;
  /** TensorFlow's version, and what it was built for, if the setup installed it. */
  version?: string;
  device?: "cpu" | "gpu";
}

/**
 * Makes this thread ready for `require("@tensorflow/tfjs-node-gpu")`; to be called before it. May be called again. The addon that
 * the setup builds sees to all but the first itself, also in worker threads (lib/native/addonLoader.cc).
 *
 * - puts back the functions of `util` that the package calls and newer Nodes lack (isNullOrUndefined is gone since 23);
 * - silences TensorFlow below errors, unless the variable TOKEN_GEOMETRY_TENSORFLOW_LOG or TensorFlow's own is set;
 * - lets it take GPU memory as it needs it, not all at once, and multiply in full float32 (Ampere and newer cards would
 *   otherwise round to 10 bits, too coarse for distances between neighbors).
 */
export function prepareTensorflowRuntime(): void {
  const functions = util as unknown as Record<string, (value: unknown) => boolean>;
  // Replaced where they still exist, too: Node 22 warns of each use.
  functions.isNullOrUndefined = (value) => value === null || value === undefined;
  functions.isArray = Array.isArray;
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  process.env.NVIDIA_TF32_OVERRIDE ??= "0";
  if (!process.env[LOG_VARIABLE]) process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
}

/** The folder of tfjs-node-gpu, or undefined if npm did not install it. */
export function findTensorflowPackage(): string | undefined {
  try {
    return dirname(require.resolve(`${TENSORFLOW_PACKAGE}/package.json`));
  } catch {
    return undefined;
  }
}

/**
 * Looks whether the addon is there, without loading it: quick, throws nothing.
 * @param packageFolder the folder of tfjs-node-gpu; found by itself if left out
 */
export function findTensorflowAddon(packageFolder: string | undefined = findTensorflowPackage()): AddonState {
  if (!packageFolder)
    return { installed: false, why: `the package ${TENSORFLOW_PACKAGE} is not installed (npm ci brings it)` };
  const manifest = readManifest(packageFolder);
  if (!existsSync(join(packageFolder, ADDON))) {
    return { installed: false, why: "its native addon is not built (npm run setup:tensorflow builds it)" };
  }
  if (!manifest) return { installed: true, why: "the addon of the package itself" };
  const missing = findMissingFile(packageFolder, manifest);
  if (missing) {
    return { installed: false, why: `its file ${missing} is missing or damaged (npm run setup:tensorflow repairs it)` };
  }
  return {
    installed: true,
    why: `TensorFlow ${manifest.tensorflow} for ${manifest.device.toUpperCase()}`,
    version: manifest.tensorflow,
    device: manifest.device,
  };
}

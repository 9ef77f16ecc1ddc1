import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomically } from "../support/files";
import { sha256Of } from "../support/hash";

/** A file that the setup put into the package, by its path inside the package. */
export interface InstalledFile {
  path: string;
  size: number;
  sha256: string;
}

/** What the setup wrote down beside the addon: what is installed, where it came from, and how it was proved. */
export interface Manifest {
  format: 1;
  tensorflow: string;
  device: "cpu" | "gpu";
  /** The version of tfjs-node-gpu whose sources the addon was built from. */
  package: string;
  wheels: { file: string; sha256: string; checkedAgainst: string }[];
  compiler: string;
  /** The folder of the libraries inside the package. */
  libraries: string;
  files: InstalledFile[];
  proof: { version: string; devices: string[]; largestDeviation: number; gigaflops: number };
  installedAt: string;
}

/** Where the addon and its manifest stand inside the package. */
export const ADDON: string = "lib/napi-v8/tfjs_binding.node";
export const MANIFEST: string = "lib/napi-v8/token-geometry-setup.json";

/** The manifest in a package folder, or undefined if there is none that can be read. */
export function readManifest(packageFolder: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(packageFolder, MANIFEST), "utf8")) as Manifest;
    return manifest.format === 1 && Array.isArray(manifest.files) ? manifest : undefined;
  } catch {
    return undefined;
  }
}

export function writeManifest(packageFolder: string, manifest: Manifest): void {
  writeFileAtomically(join(packageFolder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** The first installed file that is missing or has another size, or undefined: quick, reads no content. */
export function findMissingFile(packageFolder: string, manifest: Manifest): string | undefined {
  return manifest.files.find(({ path, size }) => sizeOf(join(packageFolder, path)) !== size)?.path;
}

/** The first installed file whose content is no longer what was installed, or undefined: reads everything. */
export async function findChangedFile(packageFolder: string, manifest: Manifest): Promise<string | undefined> {
  const missing = findMissingFile(packageFolder, manifest);
  if (missing) return missing;
  for (const { path, sha256 } of manifest.files) {
    if ((await sha256Of(join(packageFolder, path))) !== sha256) return path;
  }
  return undefined;
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

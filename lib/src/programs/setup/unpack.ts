import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import type { ProgressBar } from "../../machine/packages/progressBar";
import { UserError } from "../../machine/support/errors";
import type { ZipArchive } from "../../machine/support/zip";

/** What of a wheel is unpacked, and where to. */
export interface UnpackPlan {
  /** The member's name in the wheel and its path below the target folder. */
  members: { name: string; target: string }[];
  /** Bytes on disk once unpacked. */
  size: number;
}

/** TensorFlow's two libraries as they are called on Linux and macOS. */
const LIBRARY = /^tensorflow\/(libtensorflow_(?:cc|framework)\.(?:so\.\d+|\d+\.dylib))$/;
const CUDA_LIBRARY = /^nvidia\/[^/]+\/lib\/([^/]+\.so(?:\.\d+)*)$/;
const HEADER_ROOT = "tensorflow/include/";
/** The headers that the addon's sources include; those that they include in turn are found by reading them. */
const FIRST_HEADERS: readonly string[] = [
  "tensorflow/c/c_api.h",
  "tensorflow/c/eager/c_api.h",
  "tensorflow/c/tf_datatype.h",
  "tensorflow/c/tf_status.h",
  "tensorflow/c/tf_tensor.h",
  "tensorflow/core/platform/ctstring_internal.h",
];

/**
 * Chooses the two libraries of a TensorFlow wheel.
 * @throws UserError if they are not in it
 */
export function planLibraries(wheel: ZipArchive): UnpackPlan {
  const plan = planMatching(wheel, LIBRARY);
  const found = plan.members.map(({ target }) => target).join(" ");
  if (!/libtensorflow_cc\b/.test(found) || !/libtensorflow_framework\b/.test(found)) {
    throw new UserError(
      `${wheel.path}: has no TensorFlow libraries for Linux or macOS in it; give the wheel tensorflow-cpu or tensorflow, 2.16 or newer`,
    );
  }
  return plan;
}

/** Chooses the shared libraries of one of NVIDIA's wheels. */
export function planCudaLibraries(wheel: ZipArchive): UnpackPlan {
  return planMatching(wheel, CUDA_LIBRARY);
}

function planMatching(wheel: ZipArchive, pattern: RegExp): UnpackPlan {
  const plan: UnpackPlan = { members: [], size: 0 };
  for (const entry of wheel.entries.values()) {
    const target = pattern.exec(entry.name)?.[1];
    if (!target) continue;
    plan.members.push({ name: entry.name, target });
    plan.size += entry.size;
  }
  return plan;
}

/**
 * Unpacks planned members into a folder, each checked against the wheel's own list of hashes.
 *
 * @returns what was unpacked, paths relative to the folder
 * @throws UserError if a member is damaged or not what the list says
 */
export async function unpack(
  wheel: ZipArchive,
  plan: UnpackPlan,
  folder: string,
  bar?: ProgressBar,
): Promise<{ path: string; size: number; sha256: string }[]> {
  const record = readRecord(wheel);
  const files = [];
  mkdirSync(folder, { recursive: true });
  for (const { name, target } of plan.members) {
    const hash = createHash("sha256");
    await wheel.extract(name, join(folder, target), (piece) => {
      hash.update(piece);
      bar?.add(piece.length);
    });
    const digest = hash.digest();
    if (record.get(name) !== digest.toString("base64url")) {
      throw new UserError(
        `${wheel.path}: ${name} is not the file that the wheel's RECORD lists; download the wheel again`,
      );
    }
    files.push({ path: target, size: wheel.entry(name).size, sha256: digest.toString("hex") });
  }
  return files;
}

/**
 * Unpacks the headers that the addon needs, and no others of the wheel's thousands: starting from those that its sources
 * include, every #include that the wheel has is followed.
 *
 * @returns their number
 */
export function unpackHeaders(wheel: ZipArchive, folder: string): number {
  const todo = [...FIRST_HEADERS];
  const seen = new Set<string>(todo);
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    const text = wheel.read(findHeader(wheel, name) ?? HEADER_ROOT + name);
    const target = join(folder, name);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
    for (const [, included] of text.toString("latin1").matchAll(/^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]/gm)) {
      // A name that climbs out of the folder is no header of ours; system headers are not in the wheel.
      const isPlain = posix.normalize(included) === included && !included.startsWith("..") && !included.startsWith("/");
      if (!isPlain || seen.has(included) || !findHeader(wheel, included)) continue;
      seen.add(included);
      todo.push(included);
    }
  }
  return seen.size;
}

/** The member that is meant by an #include; older wheels keep headers of XLA and TSL further down, each below its own root. */
function findHeader(wheel: ZipArchive, included: string): string | undefined {
  if (wheel.entries.has(HEADER_ROOT + included)) return HEADER_ROOT + included;
  if (!/^(xla|tsl)\//.test(included)) return undefined;
  for (const name of wheel.entries.keys()) {
    if (name.startsWith(HEADER_ROOT) && name.endsWith(`/${included}`)) return name;
  }
  return undefined;
}

/** The wheel's metadata file, with its requirements. */
export function readMetadata(wheel: ZipArchive): string {
  return wheel.read(infoMember(wheel, "METADATA")).toString("utf8");
}

function readRecord(wheel: ZipArchive): Map<string, string> {
  const record = new Map<string, string>();
  for (const line of wheel.read(infoMember(wheel, "RECORD")).toString("utf8").split(/\r?\n/)) {
    const row = /^"?(.*?)"?,sha256=([^,]+),/.exec(line);
    if (row) record.set(row[1], row[2].replace(/=+$/, ""));
  }
  return record;
}

function infoMember(wheel: ZipArchive, file: string): string {
  for (const name of wheel.entries.keys())
    if (/^[^/]+\.dist-info\//.test(name) && name.endsWith(`.dist-info/${file}`)) return name;
  throw new UserError(`${wheel.path}: is no Python wheel (it has no ${file})`);
}

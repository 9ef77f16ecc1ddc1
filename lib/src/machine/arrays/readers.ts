import { closeSync, statSync } from "node:fs";
import { messageOf, UserError } from "../support/errors";
import { openToRead, readRange } from "../support/files";
import { readNpy } from "../support/npy";
import { resolveFromProject } from "../support/project";
import { readDelimitedArray } from "./delimited";
import type { NamedArray } from "./namedArray";
import { readNpzArray } from "./npz";
import { readSafetensorsArray } from "./safetensors";
import { readTableArray } from "./table";
import { readTorchArray } from "./torch";

/** Reads files of one format. */
interface ArrayReader {
  /** With what names end, in small letters. */
  endings: readonly string[];
  /** With what files begin, if nothing else does. */
  magic?: readonly string[];
  /** @param wanted what stands behind the colon */
  read(path: string, wanted?: string): NamedArray | Promise<NamedArray>;
}

/** All formats. What begins as one of them is read as that, however it is called. */
const READERS: readonly ArrayReader[] = [
  { endings: [".npy"], magic: ["\x93NUMPY"], read: readNpyArray },
  { endings: [".npz"], read: readNpzArray },
  { endings: [".pt", ".pth", ".bin"], read: readTorchArray },
  { endings: [".safetensors"], read: readSafetensorsArray },
  { endings: [".parquet"], magic: ["PAR1"], read: (path, wanted) => readTableArray("Parquet", path, wanted) },
  {
    endings: [".arrow", ".feather", ".ipc"],
    // Files, and streams, which are named by the same endings.
    magic: ["ARROW1", "\xff\xff\xff\xff"],
    read: (path, wanted) => readTableArray("Arrow", path, wanted),
  },
  { endings: [".csv", ".tsv"], read: readDelimitedArray },
];

/** Endings of all formats, as a message lists them. */
export const ARRAY_ENDINGS: string = READERS.flatMap(({ endings }) => endings).join(", ");

/**
 * Reads an array of numbers from a file.
 *
 * @param place the file, from the current folder or the project's; or the file, a colon, and the name of the array or of columns in
 *   it, unless there is a file of that whole name
 * @throws UserError if there is no such file, its format is unknown, it is damaged, or holds several arrays and none is named
 */
export async function readArray(place: string): Promise<NamedArray> {
  const { path, wanted } = splitPlace(place);
  return await readerOf(path).read(path, wanted);
}

/** Where the file's name ends, by the files that there are. */
function splitPlace(place: string): { path: string; wanted?: string } {
  const find = (path: string) =>
    [path, resolveFromProject(path)].find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
  const whole = find(place);
  if (whole !== undefined) return { path: whole };
  for (let colon = place.lastIndexOf(":"); colon > 0; colon = place.lastIndexOf(":", colon - 1)) {
    const path = find(place.slice(0, colon));
    if (path !== undefined) return { path, wanted: place.slice(colon + 1) };
  }
  // There is none: it is the file that is to be named in the message.
  const known = READERS.flatMap(({ endings }) => endings);
  const end = known
    .map((ending) => place.toLowerCase().indexOf(`${ending}:`) + ending.length)
    .find((at, i) => at >= known[i].length);
  return { path: end === undefined ? place : place.slice(0, end) };
}

function readerOf(path: string): ArrayReader {
  const start = firstBytes(path);
  const found =
    READERS.find(({ magic }) => magic?.some((beginning) => start.startsWith(beginning))) ??
    READERS.find(({ endings }) => endings.some((ending) => path.toLowerCase().endsWith(ending)));
  if (!found) throw new UserError(`${path}: no file of a known kind; clouds are read from ${ARRAY_ENDINGS}`);
  return found;
}

function firstBytes(path: string): string {
  const { file, size } = openToRead(path);
  try {
    return Buffer.from(readRange(file, 0, Math.min(size, 8))).toString("latin1");
  } catch (error) {
    throw new UserError(`${path}: cannot be read (${messageOf(error)})`, { cause: error });
  } finally {
    closeSync(file);
  }
}

function readNpyArray(path: string, wanted?: string): NamedArray {
  if (wanted !== undefined)
    throw new UserError(`${path}: a .npy file holds one array, without a name: leave out :${wanted}`);
  return { name: "", ...readNpy(path) };
}

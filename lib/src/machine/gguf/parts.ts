import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UserError } from "../support/errors";

/** How the parts of a model are called that llama.cpp has split. */
const PART = /^(.+)-(\d{5})-of-(\d{5})\.gguf$/;

/** What a file's name says: the model's name and, of a part, how many there are. */
export interface GgufName {
  /** Without the ending and the number of the part. */
  model: string;
  parts?: number;
}

/** Takes the name of a GGUF file apart. @param path or name of the file */
export function parseGgufName(path: string): GgufName {
  const file = basename(path);
  const [, model, , total] = PART.exec(file) ?? [];
  return model === undefined ? { model: file.replace(/\.gguf$/, "") } : { model, parts: Number(total) };
}

/** `NAME-00001-of-00003.gguf` */
export function partName(model: string, part: number, parts: number): string {
  const five = (count: number) => String(count).padStart(5, "0");
  return `${model}-${five(part)}-of-${five(parts)}.gguf`;
}

/** The first part of a split model, whichever is named, there or not; of another file the file itself. */
export function firstPart(path: string): string {
  const { model, parts } = parseGgufName(path);
  return parts === undefined ? path : join(dirname(path), partName(model, 1, parts));
}

/** The GGUF file of a folder, the first part of a split one; undefined if it holds none. @throws UserError if there are several */
export function ggufIn(folder: string): string | undefined {
  const files = readdirSync(folder).filter((name) => name.endsWith(".gguf"));
  const firsts = new Map(
    files
      .sort()
      .map((name) => [parseGgufName(name).model, name] as const)
      .reverse(),
  );
  if (firsts.size > 1) {
    throw new UserError(`${folder}: holds several models, name one of them: ${[...firsts.values()].sort().join(", ")}`);
  }
  const [file] = firsts.values();
  return file && join(folder, file);
}

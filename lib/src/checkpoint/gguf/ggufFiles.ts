import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { GgufFields } from "../../gguf/fields";
import { type GgufHeader, type GgufTensor, readGgufHeader } from "../../gguf/header";
import { UserError } from "../../support/errors";

/** How the parts of a model are called that llama.cpp has split. */
const PART = /^(.+)-(\d{5})-of-(\d{5})\.gguf$/;

/** The parts of a model, one where it was not split; the first one's metadata is that of all. */
export interface GgufFiles {
  /** The file's name without its ending and the number of the part. */
  name: string;
  headers: readonly [GgufHeader, ...GgufHeader[]];
  tensors: ReadonlyMap<string, GgufTensor>;
}

/** The GGUF file of a folder, the first part of a split one; undefined if it holds none. @throws UserError if there are several */
export function ggufIn(folder: string): string | undefined {
  const files = readdirSync(folder).filter((name) => name.endsWith(".gguf"));
  const firsts = new Map(
    files
      .sort()
      .map((name) => [modelName(name), name] as const)
      .reverse(),
  );
  if (firsts.size > 1) {
    throw new UserError(`${folder}: holds several models, name one of them: ${[...firsts.values()].sort().join(", ")}`);
  }
  const [file] = firsts.values();
  return file && join(folder, file);
}

function modelName(file: string): string {
  return PART.exec(file)?.[1] ?? file.replace(/\.gguf$/, "");
}

/**
 * Reads the headers of a model in one GGUF file or in several (`NAME-00001-of-00003.gguf`, ..), of which any may be named.
 *
 * @throws UserError naming the part that is missing, damaged or another one than its name says
 */
export function readGgufFiles(path: string): GgufFiles {
  const [, base, , total] = PART.exec(basename(path)) ?? [];
  const name = modelName(basename(path));
  if (base === undefined) {
    const header = readGgufHeader(path);
    const parts = new GgufFields(header).index("split.count") ?? 0;
    if (parts > 1) {
      throw new UserError(
        `${path}: is one of ${parts} parts; they must be called ${partName(name, 1, parts)} and so on`,
      );
    }
    return { name, headers: [header], tensors: header.tensors };
  }
  const parts = Number(total);
  const paths: string[] = [];
  for (let part = 1; part <= parts; part++) {
    paths.push(join(dirname(path), partName(base, part, parts)));
    if (!existsSync(paths[part - 1])) throw new UserError(`${paths[part - 1]}: is missing, part ${part} of ${parts}`);
  }
  if (paths.length === 0) throw new UserError(`${path}: has a name of no part`);
  const headers = paths.map((part, index) => readPart(part, index, parts)) as [GgufHeader, ...GgufHeader[]];
  const tensors = joined(headers);
  const claimed = new GgufFields(headers[0]).index("split.tensors.count");
  if (claimed !== undefined && claimed !== tensors.size) {
    throw new UserError(`${headers[0].path}: promises ${claimed} tensors, its ${parts} parts hold ${tensors.size}`);
  }
  return { name, headers, tensors };
}

function partName(base: string, part: number, parts: number): string {
  const five = (count: number) => String(count).padStart(5, "0");
  return `${base}-${five(part)}-of-${five(parts)}.gguf`;
}

function readPart(path: string, index: number, parts: number): GgufHeader {
  const header = readGgufHeader(path);
  const fields = new GgufFields(header);
  const [number, count] = [fields.index("split.no"), fields.index("split.count")];
  if (number !== index || count !== parts) {
    const says = number === undefined || count === undefined ? "says nothing on it" : `says ${number + 1} of ${count}`;
    throw new UserError(`${path}: is part ${index + 1} of ${parts} by its name, but ${says} inside`);
  }
  return header;
}

function joined(headers: readonly GgufHeader[]): Map<string, GgufTensor> {
  const tensors = new Map<string, GgufTensor>();
  for (const header of headers) {
    for (const [name, tensor] of header.tensors) {
      const earlier = tensors.get(name);
      if (earlier) throw new UserError(`${header.path}: tensor "${name}" is also in ${basename(earlier.file)}`);
      tensors.set(name, tensor);
    }
  }
  return tensors;
}

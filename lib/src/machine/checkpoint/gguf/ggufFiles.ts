import { basename, dirname, join } from "node:path";
import { GgufFields } from "../../gguf/fields";
import { type GgufHeader, type GgufTensor, readGgufHeader } from "../../gguf/header";
import { parseGgufName, partName } from "../../gguf/parts";
import { UserError } from "../../support/errors";
import { isThere } from "../../support/pointerFile";

/** The parts of a model, one where it was not split; the first one's metadata is that of all. */
export interface GgufFiles {
  /** The file's name without its ending and the number of the part. */
  name: string;
  headers: readonly [GgufHeader, ...GgufHeader[]];
  tensors: ReadonlyMap<string, GgufTensor>;
}

/**
 * Reads the headers of a model in one GGUF file or in several (`NAME-00001-of-00003.gguf`, ..), of which any may be named.
 *
 * @throws UserError naming the part that is missing, damaged or another one than its name says
 */
export function readGgufFiles(path: string): GgufFiles {
  const { model: name, parts } = parseGgufName(path);
  if (parts === undefined) {
    const header = readGgufHeader(path);
    const count = new GgufFields(header).index("split.count") ?? 0;
    if (count > 1) {
      throw new UserError(
        `${path}: is one of ${count} parts; they must be called ${partName(name, 1, count)} and so on`,
      );
    }
    return { name, headers: [header], tensors: header.tensors };
  }
  const paths: string[] = [];
  for (let part = 1; part <= parts; part++) {
    paths.push(join(dirname(path), partName(name, part, parts)));
    if (!isThere(paths[part - 1])) throw new UserError(`${paths[part - 1]}: is missing, part ${part} of ${parts}`);
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

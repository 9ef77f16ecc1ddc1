import { GgufFields } from "../../gguf/fields";
import type { GgufTensor } from "../../gguf/header";
import { UserError } from "../../support/errors";
import { CheckpointConfig } from "../config";
import type { StoredTensor } from "../storedTensor";
import type { ConfigFields, GgufArchitecture } from "./architecture";
import { GGUF_ARCHITECTURES } from "./architectures";
import { readGgufFiles } from "./ggufFiles";
import { GgufSettings } from "./settings";

/** What a GGUF file holds, under the names that Hugging Face has for it. */
export interface GgufCheckpoint {
  /** The file, or the first of its parts. */
  path: string;
  /** Without ".gguf" and the number of the part. */
  name: string;
  config: CheckpointConfig;
  tensors: ReadonlyMap<string, StoredTensor>;
  files: string[];
}

/**
 * Opens a GGUF file, or all parts of a split one, and gives settings and tensors the names and the order of Hugging Face.
 *
 * @throws UserError naming the file, and the architecture, setting or tensor that is damaged or not supported
 */
export function openGguf(file: string): GgufCheckpoint {
  const { name, headers, tensors } = readGgufFiles(file);
  const [{ path }] = headers;
  const architecture = architectureNamed(path, new GgufFields(headers[0]).text("general.architecture"));
  const settings = new GgufSettings(headers[0], tensors);
  const fields = architecture.config(settings);
  settings.checkAllKnown();
  return {
    path,
    name,
    config: new CheckpointConfig(fields, path),
    tensors: renamed(architecture, tensors, fields),
    files: headers.map((header) => header.path),
  };
}

function architectureNamed(path: string, name: string): GgufArchitecture {
  const found = GGUF_ARCHITECTURES.find((architecture) => architecture.name === name);
  if (found) return found;
  const known = GGUF_ARCHITECTURES.map((architecture) => architecture.name).join(", ");
  throw new UserError(`${path}: unknown general.architecture "${name}"; known are ${known}`);
}

function renamed(
  { name: architecture, tensors: rules, settingTensors = [] }: GgufArchitecture,
  tensors: ReadonlyMap<string, GgufTensor>,
  config: ConfigFields,
): Map<string, StoredTensor> {
  const result = new Map<string, StoredTensor>();
  for (const tensor of tensors.values()) {
    const { name, file, type: elementType, shape, begin, end } = tensor;
    if (settingTensors.includes(name)) continue;
    const block = /^blk\.(\d+)\./.exec(name)?.[1];
    const generic = name.replace(/^blk\.\d+\./, "blk.N.");
    if (!Object.hasOwn(rules, generic)) {
      throw new UserError(`${file}: tensor "${name}" has no place in architecture ${architecture} as it is built here`);
    }
    const { name: rule, place } = rules[generic];
    const asNamed = typeof rule === "string" ? rule : rule(config);
    // Messages have the name that is in the file.
    const stored = { name, file, elementType, shape, begin, end, ...place?.(tensor, config) };
    result.set(block === undefined ? asNamed : asNamed.replace("N", block), stored);
  }
  return result;
}

import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { UserError } from "../support/errors";
import { refuseEmptyLink } from "../support/pointerFile";
import { Stopped } from "../support/progress";
import { PROJECT_ROOT, resolveFromProject } from "../support/project";
import { readShardIndex } from "../support/shardIndex";
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS, adapterBase } from "./adapters";
import { cachedCommit, isCommit, type Repository, snapshotFolder } from "./cache";
import { fetchNamedModel } from "./fetchModel";
import { chooseGguf, isGguf } from "./ggufFiles";
import { namedModelPath } from "./modelCache";
import { namedModel } from "./namedModels";
import { cachedSnapshot, type HubOptions, type Snapshot, withProgress } from "./snapshot";
import { withSnapshots } from "./snapshots";

/** Files of weights, in the order of preference. */
const WEIGHTS = ["model.safetensors", "pytorch_model.bin"];

/** Of adapters, which may have none: that of the base is taken then. */
const TOKENIZER = ["tokenizer.json", "tokenizer_config.json"];

/** Old names on the hub without an owner; any other needs the prefix "hf:", else a misspelled folder would be looked up. */
const OLD_NAMES = /^gpt2(-medium|-large|-xl)?$/;

export interface ResolveOptions extends HubOptions {
  /** A branch, tag or commit; "main" without it and without one in the name. */
  revision?: string;
}

/**
 * Finds a model that a user named, and fetches what is missing of it. In this order:
 *
 * - a folder or a .gguf file on disk, from the current folder or the project's;
 * - one of the models by name ({@link NAMED_MODELS}), like "smollm2-135m", kept in the user's cache;
 * - a model of data/models, like "llama-mini";
 * - a model of the Hugging Face hub: "owner/name", "owner/name@revision", or one GGUF file of a repository,
 *   "owner/name/FILE.gguf" (also with "hf:" in front). It goes into the cache that is shared with Python: config.json,
 *   tokenizer, and weights, or the GGUF file, nothing else.
 *
 * Of an adapter, the base model that it names is found and fetched in the same way.
 *
 * @param model a path or a name
 * @returns a folder in Hugging Face layout or a .gguf file (of a split one the first part); a path is returned as it is,
 *   even if nothing is there
 * @throws UserError if there is no such model or no access to it, its terms are not accepted, or the download fails
 *
 * @example
 * const path = await resolveModel("smollm2-135m");
 */
export async function resolveModel(model: string, options: ResolveOptions = {}): Promise<string> {
  const path = await resolveOne(model, options);
  const base = adapterBase(path);
  if (base) await resolveOne(base.model, { ...options, revision: base.revision });
  return path;
}

/** The folder or file of the base model of an adapter's folder; undefined for any other. @throws UserError if it is not here */
export function adapterBaseFolder(folder: string): string | undefined {
  const base = adapterBase(folder);
  if (!base) return undefined;
  const { model, revision } = base;
  const path = knownPath(model, revision);
  if (path && existsSync(path)) return path;
  throw new UserError(
    `${join(folder, ADAPTER_CONFIG)}: its base model ${model} is not here; fetch it, or name its folder in base_model_name_or_path`,
  );
}

/**
 * Where a model is, or will be once it is fetched, without asking anybody; undefined of a name on the hub that was never looked up.
 *
 * @param model as {@link resolveModel} takes it
 */
export function knownPath(model: string, revision?: string): string | undefined {
  const local = resolveFromProject(model);
  if (existsSync(local)) return local;
  const [pinned, named] = [namedModel(model), modelOnHub(model)];
  const known = pinned ? namedModelPath(pinned) : embeddedModel(model);
  if (known) return known;
  const commit = named && cachedCommit(named.repository, revision ?? named.revision ?? "main");
  return named && commit && join(snapshotFolder(named.repository, commit), named.file ?? "");
}

/** As {@link resolveModel}, of an adapter without its base. */
async function resolveOne(model: string, options: ResolveOptions): Promise<string> {
  const local = resolveFromProject(model);
  const isPrefixed = model.startsWith("hf:");
  if (!isPrefixed && existsSync(local)) return local;
  if (!isPrefixed) refuseEmptyLink(local);
  const pinned = namedModel(model);
  if (pinned) return fetchNamedModel(pinned, options);
  const embedded = embeddedModel(model);
  if (embedded) return embedded;
  const named = modelOnHub(model);
  if (!named) return local;
  const revision = options.revision ?? named.revision ?? "main";
  try {
    return (
      (await completeInCache(named, revision)) ??
      (await withProgress(options, (reporting) =>
        withSnapshots(named.repository, reporting, async (open) => {
          const snapshot = await open(revision, named.file?.includes("/") ?? false);
          // Of GGUF files, those in folders count, too.
          const isElsewhere = named.file === undefined && weightsOf(snapshot) === undefined && snapshot.limits === "";
          return fetchModel(named, isElsewhere ? await open(revision, true) : snapshot);
        }),
      ))
    );
  } catch (error) {
    if (!(error instanceof UserError) || error instanceof Stopped || isPrefixed || OLD_NAMES.test(model)) throw error;
    throw new UserError(`${error.message} (nor is there a ${named.file ? "file" : "folder"} ${model})`, {
      cause: error,
    });
  }
}

/** The folder of a model that comes with the project, by its name alone; undefined if there is none. */
function embeddedModel(name: string): string | undefined {
  const folder = join(PROJECT_ROOT, "data/models", name);
  return /^[\w-][\w.-]*$/.test(name) && existsSync(join(folder, "config.json")) ? folder : undefined;
}

/** A commit never changes: if the cache has all of it, the hub need not be asked. */
async function completeInCache(named: HubName, revision: string): Promise<string | undefined> {
  if (!isCommit(revision)) return undefined;
  try {
    const snapshot = cachedSnapshot(named.repository, revision, "");
    const path = await fetchModel(named, snapshot);
    // Of a repository with GGUF files, the cache may have one of several, between which the name does not choose.
    const isWhole = named.file ?? ["tokenizer.json", "vocab.json"].some((file) => snapshot.paths.has(file));
    return isWhole ? path : undefined;
  } catch {
    return undefined;
  }
}

/** A model on the hub. */
export interface HubName {
  repository: Repository;
  revision?: string;
  /** The GGUF file that is meant, if one is named. */
  file?: string;
}

/** What a name means on the hub; undefined if it can only be a path. */
export function modelOnHub(model: string): HubName | undefined {
  const [, prefix, whole, revision] = /^(hf:)?([^@]+)(?:@(.+))?$/.exec(model) ?? [];
  const word = "[A-Za-z0-9][\\w.-]*";
  if (!whole || isAbsolute(whole) || whole.includes("..")) return undefined;
  const [, name, file] = /^([^/]+(?:\/[^/]+)?)(?:\/(.+\.gguf))?$/i.exec(whole) ?? [];
  if (!name || name.includes("--") || (file && !new RegExp(`^(${word}/)*${word}$`).test(file))) return undefined;
  const isName = new RegExp(`^${word}/${word}$`).test(name);
  const isShort = new RegExp(`^${word}$`).test(name) && (prefix || OLD_NAMES.test(name));
  if (!isName && !isShort) return undefined;
  if (revision !== undefined && !/^[A-Za-z0-9][\w./-]*$/.test(revision)) return undefined;
  return { repository: { type: "model", name }, revision, ...(file && { file }) };
}

function weightsOf({ paths }: Snapshot): string | undefined {
  return WEIGHTS.find((path) => paths.has(path) || paths.has(`${path}.index.json`));
}

/** Fetches what is needed of a model. @returns its folder, or its GGUF file */
async function fetchModel({ repository: { name }, file }: HubName, snapshot: Snapshot): Promise<string> {
  const has = (path: string) => snapshot.paths.has(path);
  const weights = weightsOf(snapshot);
  if (!file && has(ADAPTER_CONFIG)) {
    const adapter = [ADAPTER_CONFIG, ...ADAPTER_WEIGHTS.filter(has).slice(0, 1)];
    await snapshot.fetch([...adapter, ...TOKENIZER.filter(has)]);
    return snapshot.folder;
  }
  if (file || (!weights && [...snapshot.paths].some(isGguf))) {
    const files = chooseGguf(name, snapshot.paths, file, snapshot.limits);
    await snapshot.fetch(files);
    return join(snapshot.folder, files[0]);
  }
  if (!has("config.json")) {
    throw new UserError(
      `${name}: has no config.json${snapshot.limits}; models in the layout of Hugging Face transformers or in GGUF files can be used`,
    );
  }
  if (!weights) {
    throw new UserError(`${name}: has no weights in model.safetensors or pytorch_model.bin${snapshot.limits}`);
  }
  // Models of 2022 and before may have no tokenizer.json; it can be made from these.
  const tokenizer = has("tokenizer.json") ? ["tokenizer.json"] : ["vocab.json", "merges.txt"];
  const small = ["config.json", ...tokenizer, "tokenizer_config.json"].filter(has);
  if (has(weights)) {
    await snapshot.fetch([...small, weights]);
    return snapshot.folder;
  }
  const index = `${weights}.index.json`;
  await snapshot.fetch([...small, index]);
  await snapshot.fetch(readShardIndex(join(snapshot.folder, index)).names);
  return snapshot.folder;
}

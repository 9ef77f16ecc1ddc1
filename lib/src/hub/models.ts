import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { UserError } from "../support/errors";
import { resolveFromProject } from "../support/project";
import { readShardIndex } from "../support/shardIndex";
import { isCommit, type Repository } from "./cache";
import { cachedSnapshot, type HubOptions, openSnapshot, type Snapshot, withProgress } from "./snapshot";

/** Files of weights, in the order of preference. */
const WEIGHTS = ["model.safetensors", "pytorch_model.bin"];

/** Old names on the hub without an owner; any other needs the prefix "hf:", else a misspelled folder would be looked up. */
const OLD_NAMES = /^gpt2(-medium|-large|-xl)?$/;

export interface ResolveOptions extends HubOptions {
  /** A branch, tag or commit; "main" without it and without one in the name. */
  revision?: string;
}

/**
 * The folder of a model that a user named: a folder on disk (from the current folder or the project's), or a model of the
 * Hugging Face hub, "owner/name" or "owner/name@revision" (also with "hf:" in front). What is missing of that is downloaded
 * into the cache that is shared with Python: config.json, tokenizer, and weights, nothing else.
 *
 * @param model a path or a name; an existing folder always comes first
 * @returns a folder in Hugging Face layout; for a path it is returned as it is, even if nothing is there
 * @throws UserError if the hub has no such model or gives no access to it, the download fails, or the name is in neither
 *   hub nor cache
 */
export async function resolveModelFolder(model: string, options: ResolveOptions = {}): Promise<string> {
  const local = resolveFromProject(model);
  const named = modelOnHub(model);
  if (!named || (!model.startsWith("hf:") && existsSync(local))) return local;
  const revision = options.revision ?? named.revision ?? "main";
  try {
    return (
      (await completeInCache(named.repository, revision)) ??
      (await withProgress(options, async (reporting) => {
        const snapshot = await openSnapshot(named.repository, revision, reporting);
        await fetchModel(named.repository, snapshot);
        return snapshot.folder;
      }))
    );
  } catch (error) {
    if (!(error instanceof UserError) || model.startsWith("hf:") || OLD_NAMES.test(model)) throw error;
    throw new UserError(`${error.message} (nor is there a folder ${model})`, { cause: error });
  }
}

/** A commit never changes: if the cache has all of it, the hub need not be asked. */
async function completeInCache(repository: Repository, revision: string): Promise<string | undefined> {
  if (!isCommit(revision)) return undefined;
  try {
    const snapshot = cachedSnapshot(repository, revision, "");
    await fetchModel(repository, snapshot);
    return ["tokenizer.json", "vocab.json"].some((file) => snapshot.paths.has(file)) ? snapshot.folder : undefined;
  } catch {
    return undefined;
  }
}

/** What a name means on the hub; undefined if it can only be a path. */
export function modelOnHub(model: string): { repository: Repository; revision?: string } | undefined {
  const [, prefix, name, revision] = /^(hf:)?([^@]+)(?:@(.+))?$/.exec(model) ?? [];
  const word = "[A-Za-z0-9][\\w.-]*";
  if (!name || isAbsolute(name) || name.includes("..") || name.includes("--")) return undefined;
  const isName = new RegExp(`^${word}/${word}$`).test(name);
  const isShort = new RegExp(`^${word}$`).test(name) && (prefix || OLD_NAMES.test(name));
  if (!isName && !isShort) return undefined;
  if (revision !== undefined && !/^[A-Za-z0-9][\w./-]*$/.test(revision)) return undefined;
  return { repository: { type: "model", name }, revision };
}

async function fetchModel({ name }: Repository, snapshot: Snapshot): Promise<void> {
  const has = (path: string) => snapshot.paths.has(path);
  if (!has("config.json")) {
    throw new UserError(
      `${name}: has no config.json${snapshot.limits}; models in the layout of Hugging Face transformers can be used`,
    );
  }
  const weights = WEIGHTS.find((file) => has(file) || has(`${file}.index.json`));
  if (!weights) {
    throw new UserError(`${name}: has no weights in model.safetensors or pytorch_model.bin${snapshot.limits}`);
  }
  // Models of 2022 and before may have no tokenizer.json; it can be made from these.
  const tokenizer = has("tokenizer.json") ? ["tokenizer.json"] : ["vocab.json", "merges.txt"];
  const small = ["config.json", ...tokenizer, "tokenizer_config.json"].filter(has);
  if (has(weights)) {
    await snapshot.fetch([...small, weights]);
    return;
  }
  const index = `${weights}.index.json`;
  await snapshot.fetch([...small, index]);
  await snapshot.fetch(readShardIndex(join(snapshot.folder, index)).names);
}

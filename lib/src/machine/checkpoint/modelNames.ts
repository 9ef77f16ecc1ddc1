import { basename, resolve } from "node:path";
import { cachedAddress } from "../hub/cache";
import { distinctNames } from "../support/distinctNames";

/** A model as far as its name goes. */
export interface Nameable {
  /** As it is called where no other one is; see {@link Checkpoint.name}. */
  name: string;
  /** Its folder or file. */
  path: string;
}

/**
 * What models are called that are shown together: no two alike. Where the last parts of paths are the same, what is above
 * them tells them apart: "runA/final" and "runB/final", and of models of the hub "alice/tiny" and "bob/tiny".
 *
 * @param models that are different ones; see {@link placeOf}
 * @example
 * const models = ["runA", "runB"].map((run) => ({ name: "final", path: `${run}/final` }));
 * modelNames(models); // ["runA/final", "runB/final"]
 */
export function modelNames(models: readonly Nameable[]): string[] {
  return distinctNames(models.map(modelSpellings));
}

/** A model's name, then with its file's ending, then with more and more of what is above it; the last one nobody else has. */
function modelSpellings({ name, path }: Nameable): [string, ...string[]] {
  const whole = resolve(path);
  const cached = cachedAddress(whole);
  const parts = cached ? [...cached.repository, ...cached.inside] : whole.split(/[\\/]/).filter((part) => part !== "");
  const above = parts.slice(0, -1);
  const longer = above.map((_, i) => [...above.slice(-1 - i), name].join("/"));
  const ofHub = cached ? [`hf:${longer.at(-1) ?? name}`] : [];
  return [name, ...(/\.gguf$/i.test(whole) ? [basename(whole)] : []), ...longer, ...ofHub, whole];
}

/** The paths of models that were loaded in this process, by the names that they have. */
const loaded = new Map<string, string>();

/** A model under a name that no other one has that was loaded in this process, and that it keeps. */
export function namedInProcess<Model extends Nameable>(model: Model): Model {
  const path = resolve(model.path);
  const name = modelSpellings(model).find((spelling) => (loaded.get(spelling) ?? path) === path)!;
  loaded.set(name, path);
  return { ...model, name };
}

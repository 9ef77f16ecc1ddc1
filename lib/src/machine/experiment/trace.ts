import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { messageOf, UserError } from "../support/errors";
import { checkReadable } from "../support/files";
import type { FullSettings } from "./plan";
import { hashResults } from "./provenance";
import { planOf } from "./recordedPlan";
import { eitherSource, recordedUnits, studyWith, type UnitSource } from "./recordedUnits";
import type { Store } from "./store";
import { keysOf, type ListedModel, type ListedUnit, listedUnit, readManifest, unitsOf } from "./storedExperiment";
import { canonicalJson, joinResults, type StoredUnit, type UnitResult } from "./unit";

/**
 * What a store has of an experiment that a file names. "unchanged": all units, with the very numbers that were used;
 * "changed": all units, with other numbers; "incomplete": some are missing or damaged; "gone": the store does not know the
 * experiment; "unnamed": the file does not say which one it was.
 */
export type TraceState = "unchanged" | "changed" | "incomplete" | "gone" | "unnamed";

/** One unit of an experiment, and whether the store still has it. "changed": it has it, with other numbers. */
export type TracedUnit = ListedUnit & { state: "there" | "missing" | "damaged" | "changed" };

/** An experiment that a file names, held against a store. */
export interface TracedExperiment {
  state: TraceState;
  /** The manifest's file in the store, if it is there. */
  manifest?: string;
  /** What the file says of it. */
  record: Record<string, unknown>;
  units: TracedUnit[];
}

/**
 * Looks up what a file says of an experiment: which units of the store its numbers are, and whether the store still has them.
 * Of recorded models the results are looked up where they are recorded; if all are, the store need not know the experiment.
 *
 * @param record as `experimentRecord` made it
 * @throws UserError if the store's manifest is damaged
 */
export async function traceExperiment(store: Store, record: Record<string, unknown>): Promise<TracedExperiment> {
  const name = record.manifest;
  // It becomes a path: anything but a hash could lead out of the store.
  if (typeof name !== "string" || !/^[0-9a-f]{16}$/.test(name)) return { state: "unnamed", record, units: [] };
  const manifest = join(store.folder, "experiments", `${name}.json`);
  const known = existsSync(manifest);
  const models = known ? readManifest(manifest).models : await recordedModels(record);
  if (!models) return { state: "gone", record, units: [] };
  const recorded = await recordedUnits(models);
  const units: TracedUnit[] = [];
  const results = function* (): Iterable<Partial<UnitResult>> {
    for (const unit of unitsOf({ models })) {
      const both = unit.computed ? eitherSource(recorded, store) : recorded;
      const found = storedResult(unit.recorded ? both : store, unit);
      const lost = typeof found === "string";
      units.push({ ...unit, state: lost ? found : "there" });
      if (!lost) yield found;
    }
  };
  const hash = hashResults(results());
  const whole = units.every(({ state }) => state === "there");
  const state = !whole ? "incomplete" : hash === record.results ? "unchanged" : "changed";
  return { state, ...(known && { manifest }), record, units };
}

/** The models of an experiment with all their units, from the recorded studies alone; undefined if they are not enough. */
async function recordedModels(record: Record<string, unknown>): Promise<ListedModel[] | undefined> {
  const listed = (Array.isArray(record.models) ? record.models : []) as Partial<ListedModel>[];
  const models: ListedModel[] = [];
  for (const { name: listedName, recorded, computed } of listed) {
    const study = recorded && !computed && studyWith(recorded);
    if (!study) return undefined;
    try {
      const plan = await planOf({ study, name: listedName }, record.settings as FullSettings);
      const { name, hashes: files, promptSet, units } = plan;
      models.push({ name, files, promptSet, recorded, units: units.map((unit) => listedUnit(name, unit)) });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return undefined;
    }
  }
  return models.length > 0 ? models : undefined;
}

/**
 * Holds a file of collected results, as `token-geometry merge` writes it, against a store, unit by unit.
 *
 * @throws UserError if it is no such file, or a damaged one
 */
export async function traceMerged(store: Store, path: string): Promise<TracedExperiment> {
  checkReadable(path);
  const units: TracedUnit[] = [];
  let facts: Record<string, unknown> | undefined;
  const models: { name: string }[] = [];
  const recorded = new Map<string, UnitSource>();
  let last = "";
  // By lines, since such a file may be larger than a string may be.
  for await (const line of createInterface({ input: createReadStream(path) })) {
    last = line;
    const text = line.replace(/,$/, "");
    try {
      if (text.startsWith(MERGED_EXPERIMENT)) facts = JSON.parse(text.slice(MERGED_EXPERIMENT.length));
      if (/^\{"(computed|files)"/.test(text)) {
        const model = JSON.parse(text);
        models.push(model);
        if (model.recorded) {
          const source = await recordedUnits([{ recorded: model.recorded }]);
          recorded.set(model.name, model.computed ? eitherSource(source, store) : source);
        }
      }
      if (!text.startsWith('{"further"')) continue;
      const { result, key, model, prompt, shuffleIndex, further } = JSON.parse(text);
      const source = recorded.get(model);
      const unit: ListedUnit = { model, prompt, shuffleIndex, key, further, ...(source && { recorded: true }) };
      // Names of units become paths.
      if (!keysOf(unit).every((name) => /^[0-9a-f]{64}$/.test(name))) throw new Error("a unit without a name");
      const found = storedResult(source ?? store, unit);
      const same = typeof found !== "string" && canonicalJson(found) === canonicalJson(result);
      units.push({ ...unit, state: typeof found === "string" ? found : same ? "there" : "changed" });
    } catch (error) {
      throw new UserError(`${path}: damaged collected results (${messageOf(error)})`, { cause: error });
    }
  }
  if (!facts || last !== "]}") throw new UserError(`${path}: no results collected by token-geometry merge, or not all`);
  const promptsOf = (name: string) => new Set(units.filter(({ model }) => model === name).map(({ prompt }) => prompt));
  const record = { ...facts, models: models.map((model) => ({ ...model, prompts: promptsOf(model.name).size })) };
  const states = new Set(units.map(({ state }) => state));
  const lost = states.has("missing") || states.has("damaged");
  return { state: lost ? "incomplete" : states.has("changed") ? "changed" : "unchanged", record, units };
}

/** How the line begins that describes the experiment. */
const MERGED_EXPERIMENT = '"experiment":';

/** What the store has of a unit, further metrics included. */
function storedResult(store: UnitSource, unit: ListedUnit): Partial<UnitResult> | "missing" | "damaged" {
  const parts = keysOf(unit).map((key) => store.read<Partial<UnitResult>>(key));
  const lost = parts.find((part) => part === "missing" || part === "damaged");
  if (lost === "missing" || lost === "damaged") return lost;
  return joinResults(parts.map((part) => (part as StoredUnit<Partial<UnitResult>>).result));
}

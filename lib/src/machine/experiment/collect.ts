import { createHash } from "node:crypto";
import { UserError } from "../support/errors";
import { differences, type Observation } from "./mixture";
import { Origins } from "./provenance";
import type { UnitSource } from "./recordedUnits";
import { Store } from "./store";
import { keysOf, type ListedUnit, type StoredExperiment, unitsOf } from "./storedExperiment";
import { canonicalJson, joinResults, type StoredUnit, type UnitResult } from "./unit";

export interface CollectOptions {
  /** Facts in which the parts may differ, like "node" or "device". */
  allowed?: readonly string[];
  /** Where recorded units are, which no store has. */
  recorded?: UnitSource;
}

/** An experiment of which every unit was found, and checked. */
export interface CollectedExperiment {
  experiment: StoredExperiment;
  /** In the experiment's order. */
  units: ListedUnit[];
  /** What the units say of what must be the same in all of them. */
  observations: Observation[];
  /** By what they were computed. */
  origins: Origins;
  /** Reads a unit again, without its further metrics. @throws UserError if it was removed in the meantime */
  unit(key: string): StoredUnit;
  /** Reads all that was measured of a unit. @throws UserError if a part was removed in the meantime */
  result(unit: ListedUnit): UnitResult;
}

/** How the fact is called that says which units a model has. */
const UNITS = "units of ";

/** How many units a message names. */
const NAMED = 8;

/**
 * Finds all units of an experiment, after checking every one: that it is there and whole (its checksum), that it is what the
 * manifest says, and that all of it was made alike. Results are read again when they are asked for: there may be many.
 *
 * @param stores folders that are searched for the units, in this order
 * @param experiments descriptions of the experiment, as many as there are; they have to agree
 * @throws UserError listing what is missing, or in what the parts differ
 */
export function collectExperiment(
  stores: readonly string[],
  experiments: readonly StoredExperiment[],
  { allowed = [], recorded }: CollectOptions = {},
): CollectedExperiment {
  refuseDifferences(describedFacts(experiments), allowed);
  const [experiment] = experiments;
  const sources: UnitSource[] = [...stores.map((folder) => new Store(folder)), ...(recorded ? [recorded] : [])];
  const origins = new Origins();
  const observations = checkUnits(experiment, sources, origins);
  refuseDifferences(observations, allowed);
  return {
    experiment,
    units: unitsOf(experiment),
    observations,
    origins,
    unit: (key) => wholeUnit(sources, key),
    result: (unit) => joinResults(keysOf(unit).map((key) => wholeUnit(sources, key).result)) as UnitResult,
  };
}

function refuseDifferences(observations: readonly Observation[], allowed: readonly string[]): void {
  const all = differences(observations.filter(({ fact }) => !allowed.includes(fact)));
  if (all.length === 0) return;
  // That the units differ follows from everything else; it is news only if there is nothing else.
  const reasons = all.filter((line) => !line.startsWith(UNITS));
  const found = reasons.length > 0 ? reasons : all;
  throw new UserError(
    `these results do not belong together: ${found.map((line, place) => `(${place + 1}) ${line}`).join("; ")}. ` +
      "Name one experiment (--manifest), or compute all of it alike",
  );
}

/** What the descriptions say of what must be the same in all. */
function describedFacts(experiments: readonly StoredExperiment[]): Observation[] {
  return experiments.flatMap(({ source, facts, models }) => {
    const settings = facts.settings as Record<string, unknown>;
    const own: [fact: string, value: unknown][] = [
      ...["dtype", "backend", "device", "tokenGeometry", "tensorflowJs", "node"].map((name) => pair(name, facts[name])),
      ...["seed", "tokens", "shuffleIndices", "captured", "bos", "leaveOut"].map((name) => pair(name, settings[name])),
      ["further metrics", settings.metrics ?? []],
      ["models", models.map(({ name }) => name)],
      ...models.flatMap(({ name, files, promptSet, units }) => [
        ...Object.entries(files).map(([file, hash]) => pair(`checkpoint ${name}, ${file}`, hash)),
        pair(`prompt set of ${name}`, promptSet),
        pair(`${UNITS}${name}`, createHash("sha256").update(canonicalJson(units)).digest("hex")),
      ]),
    ];
    return own.map(([fact, value]) => ({ fact, value, where: source }));
  });
}

const pair = (fact: string, value: unknown): [string, unknown] => [fact, value];

/** What the units themselves say of what must be the same in all of them. */
function checkUnits(experiment: StoredExperiment, stores: readonly UnitSource[], origins: Origins): Observation[] {
  const observations = new Map<string, Observation>();
  const lost: string[] = [];
  const contradictions: string[] = [];
  const observe = (fact: string, value: unknown, where: string): void => {
    const id = `${fact} ${canonicalJson(value ?? null)}`;
    const known = observations.get(id);
    if (known) known.count = (known.count ?? 1) + 1;
    else observations.set(id, { fact, value, where, count: 1 });
  };
  for (const { files, units } of experiment.models) {
    for (const unit of units) {
      for (const key of keysOf(unit)) {
        const found = stores.map((store) => store.read<Partial<UnitResult>>(key));
        const whole = found.filter((part): part is StoredUnit<Partial<UnitResult>> => typeof part === "object");
        if (whole.length === 0) {
          lost.push(`${nameOf(unit)}${found.includes("damaged") ? " (damaged)" : ""}`);
          break;
        }
        if (new Set(whole.map(({ result }) => canonicalJson(result))).size > 1) contradictions.push(nameOf(unit));
        const { inputs, provenance, computedBy = [provenance] } = whole[0];
        const where = nameOf(unit);
        if (canonicalJson(inputs.checkpoint) !== canonicalJson(files)) {
          observe(`checkpoint ${unit.model}`, inputs.checkpoint, where);
          observe(`checkpoint ${unit.model}`, files, experiment.source);
        }
        for (const name of ["dtype", "backend", "tokens", "captured", "leaveOut"] as const)
          observe(name, inputs[name] ?? null, where);
        for (const [metric, version] of Object.entries(inputs.metrics)) {
          // What was recorded of a metric that has changed since is not used.
          const own = unit.further[metric] ?? key;
          if (own === key) observe(`metric ${metric}`, version, where);
        }
        for (const origin of computedBy) {
          origins.note(origin);
          for (const name of ["device", "tokenGeometry", "tensorflowJs", "node"]) observe(name, origin[name], where);
        }
      }
    }
  }
  if (lost.length > 0) {
    const more = lost.length > NAMED ? `, and ${lost.length - NAMED} more` : "";
    const total = unitsOf(experiment).length;
    const places = stores.map(({ folder }) => folder).filter((folder) => folder !== ""); // Nothing may be recorded.
    throw new UserError(
      `${experiment.source}: ${lost.length} of ${total} units are not in ${places.join(", ")}: ` +
        `${lost.slice(0, NAMED).join(", ")}${more}; compute them: ${experiment.facts.command ?? "run it again"}`,
    );
  }
  if (contradictions.length > 0) {
    throw new UserError(
      `the stores contradict each other in ${contradictions.length} units: ${contradictions.slice(0, NAMED).join(", ")}`,
    );
  }
  return [...observations.values()];
}

function nameOf({ model, prompt, shuffleIndex }: ListedUnit): string {
  return `${model}/${prompt}/S=${shuffleIndex}`;
}

function wholeUnit(stores: readonly UnitSource[], key: string): StoredUnit {
  for (const store of stores) {
    const unit = store.read(key);
    if (typeof unit === "object") return unit;
  }
  throw new UserError(`unit ${key} was removed while results were collected; run again`);
}

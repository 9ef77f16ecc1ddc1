import type { Holder } from "../support/signsOfLife";
import { livingClaims } from "./lock";
import { notedShards, shardOf } from "./shard";
import type { Store } from "./store";
import { type ListedUnit, type StoredExperiment, storedKeysOf, unitsOf } from "./storedExperiment";

/** "done": in the store, or recorded. "running": claimed by a worker that seems alive. "damaged": there, but to be computed again. */
export type UnitState = "done" | "running" | "missing" | "damaged";

/** How far some units have come. */
export interface Progress {
  total: number;
  done: number;
  running: number;
  missing: number;
  damaged: number;
  /** Seconds until all is done at the speed of late; null if nobody is at work, or nothing can be told yet. */
  secondsLeft: number | null;
}

/** How far an experiment has come. */
export interface ExperimentStatus extends Progress {
  /** The manifest's file and name. */
  manifest: string;
  name: string;
  /** What the numbers depend on, from the manifest: command, settings, seed, backend, device, versions. */
  facts: Record<string, unknown>;
  models: { name: string; files: Record<string, string>; promptSet: string; units: number }[];
  /** How far the shards have come that it was cut into last, in their order; none if it never was cut. */
  shards: Progress[];
  workers: (Holder & { units: number; secondsSinceSign: number })[];
  units: (ListedUnit & { state: UnitState })[];
}

/** The speed is that of so many units that were finished last. */
const SPEED_OVER = 32;

export interface StatusOptions {
  /** Into how many shards it is cut; without it, into as many as whoever began last. */
  shards?: number;
  /** Only looks whether units are there, without reading them: none is found damaged then. */
  quick?: boolean;
  /** Milliseconds since 1970. */
  now?: number;
}

/** Looks at every unit of an experiment, checksums included if it need not be quick. Changes nothing in the store. */
export function experimentStatus(
  store: Store,
  experiment: StoredExperiment,
  options: StatusOptions = {},
): ExperimentStatus {
  const { shards = notedShards(store.folder, experiment.name) ?? 0, quick = false, now = Date.now() } = options;
  const listed = unitsOf(experiment);
  const keys = new Set(listed.map(({ key }) => key));
  const claims = livingClaims(store.folder, now).filter(({ key }) => keys.has(key));
  const claimed = new Set(claims.map(({ key }) => key));
  const stateOf = (unit: ListedUnit): UnitState => {
    const parts = storedKeysOf(unit).map((key) =>
      quick ? (store.savedAt(key) === undefined ? "missing" : "there") : store.read(key),
    );
    if (parts.every((part) => part !== "missing" && part !== "damaged")) return "done";
    if (claimed.has(unit.key)) return "running";
    return parts.includes("damaged") ? "damaged" : "missing";
  };
  const units = listed.map((unit) => ({ ...unit, state: stateOf(unit) }));
  const workers = new Map<string, ExperimentStatus["workers"][number]>();
  for (const { worker, lastSign } of claims) {
    const id = `${worker.host} ${worker.process} ${worker.started}`;
    const known = workers.get(id) ?? { ...worker, units: 0, secondsSinceSign: Math.max(0, now - lastSign) / 1000 };
    workers.set(id, { ...known, units: known.units + 1 });
  }
  const began = Math.min(...[...workers.values()].map(({ started }) => Date.parse(started)));
  const progressOf = (part: readonly (ListedUnit & { state: UnitState })[]): Progress => {
    const count = (state: UnitState): number => part.filter((unit) => unit.state === state).length;
    const finished = part.filter(({ state }) => state === "done").map(({ key }) => store.savedAt(key) ?? 0);
    const left = part.length - finished.length;
    return {
      total: part.length,
      done: finished.length,
      running: count("running"),
      missing: count("missing"),
      damaged: count("damaged"),
      secondsLeft: left === 0 ? 0 : secondsFor(left, finished, began, now),
    };
  };
  return {
    manifest: experiment.source,
    name: experiment.name,
    facts: experiment.facts,
    models: experiment.models.map(({ units, ...model }) => ({ ...model, units: units.length })),
    ...progressOf(units),
    shards: Array.from({ length: shards }, (_, index) =>
      progressOf(units.filter((_, place) => shardOf(place, shards) === index)),
    ),
    workers: [...workers.values()],
    units,
  };
}

/**
 * Time for units at the speed of the last finished ones.
 *
 * @param began when the first of the present workers started, milliseconds since 1970; infinite if nobody is at work
 */
function secondsFor(left: number, finished: number[], began: number, now: number): number | null {
  const late = finished
    .filter((time) => time >= began)
    .sort((a, b) => a - b)
    .slice(-SPEED_OVER - 1);
  const [from, units] = late.length > SPEED_OVER ? [late[0], SPEED_OVER] : [began, late.length];
  return units > 0 && now > from ? (left * (now - from)) / 1000 / units : null;
}

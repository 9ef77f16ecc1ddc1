import { livingClaims, type StoreWorker } from "./lock";
import type { Store } from "./store";
import { keysOf, type ListedUnit, type StoredExperiment, unitsOf } from "./storedExperiment";

/** "running": claimed by a worker that seems alive. "damaged": there, but to be computed again. */
export type UnitState = "done" | "running" | "missing" | "damaged";

/** How far an experiment has come. */
export interface ExperimentStatus {
  /** The manifest's file and name. */
  manifest: string;
  name: string;
  /** What the numbers depend on, from the manifest: command, settings, seed, backend, device, versions. */
  facts: Record<string, unknown>;
  models: { name: string; files: Record<string, string>; promptSet: string; units: number }[];
  total: number;
  done: number;
  running: number;
  missing: number;
  damaged: number;
  /** Seconds until all is done at the speed of late; null if nobody is at work, or nothing can be told yet. */
  secondsLeft: number | null;
  workers: (StoreWorker & { units: number; secondsSinceSign: number })[];
  units: (ListedUnit & { state: UnitState })[];
}

/** The speed is that of so many units that were finished last. */
const SPEED_OVER = 32;

/**
 * Looks at every unit of an experiment, checksums included. Changes nothing in the store.
 *
 * @param now milliseconds since 1970
 */
export function experimentStatus(
  store: Store,
  experiment: StoredExperiment,
  now: number = Date.now(),
): ExperimentStatus {
  const listed = unitsOf(experiment);
  const keys = new Set(listed.map(({ key }) => key));
  const claims = livingClaims(store.folder, now).filter(({ key }) => keys.has(key));
  const claimed = new Set(claims.map(({ key }) => key));
  const stateOf = (unit: ListedUnit): UnitState => {
    const parts = keysOf(unit).map((key) => store.read(key));
    if (parts.every((part) => part !== "missing" && part !== "damaged")) return "done";
    if (claimed.has(unit.key)) return "running";
    return parts.includes("damaged") ? "damaged" : "missing";
  };
  const units = listed.map((unit) => ({ ...unit, state: stateOf(unit) }));
  const count = (state: UnitState): number => units.filter((unit) => unit.state === state).length;
  const workers = new Map<string, ExperimentStatus["workers"][number]>();
  for (const { worker, lastSign } of claims) {
    const id = `${worker.host} ${worker.process} ${worker.started}`;
    const known = workers.get(id) ?? { ...worker, units: 0, secondsSinceSign: Math.max(0, now - lastSign) / 1000 };
    workers.set(id, { ...known, units: known.units + 1 });
  }
  const finished = units.filter(({ state }) => state === "done").map(({ key }) => store.savedAt(key) ?? 0);
  const left = units.length - finished.length;
  return {
    manifest: experiment.source,
    name: experiment.name,
    facts: experiment.facts,
    models: experiment.models.map(({ units, ...model }) => ({ ...model, units: units.length })),
    total: units.length,
    done: finished.length,
    running: count("running"),
    missing: count("missing"),
    damaged: count("damaged"),
    secondsLeft: left === 0 ? 0 : workers.size === 0 ? null : secondsFor(left, finished, [...workers.values()], now),
    workers: [...workers.values()],
    units,
  };
}

/** Time for units at the speed of the last finished ones, counted from the start of the present workers. */
function secondsFor(left: number, finished: number[], workers: StoreWorker[], now: number): number | null {
  const began = Math.min(...workers.map(({ started }) => Date.parse(started)));
  const late = finished
    .filter((time) => time >= began)
    .sort((a, b) => a - b)
    .slice(-SPEED_OVER - 1);
  const [from, units] = late.length > SPEED_OVER ? [late[0], SPEED_OVER] : [began, late.length];
  return units > 0 && now > from ? (left * (now - from)) / 1000 / units : null;
}

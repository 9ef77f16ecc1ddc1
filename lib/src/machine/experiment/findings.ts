import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { METRICS } from "../../geometry/metrics";
import type { Store } from "./store";
import { type ListedUnit, readManifest, type StoredExperiment, unitsOf } from "./storedExperiment";
import { canonicalJson } from "./unit";

/** What a run finds in its store that is not as it left it. */
export interface Findings {
  /** Units whose files were damaged: computed again. */
  damaged: number;
  /** Units that are whole, but were written by a version that sealed them in another way: computed again. */
  unsealed: number;
  /** Units that an earlier version measured by other definitions: computed anew, the old ones stay. */
  outdated: OutdatedUnits;
  /** Units that had been begun by runs that did not end them. */
  abandoned: number;
  /** Files that runs had not finished writing: removed. */
  unfinished: number;
}

/** See {@link outdatedUnits}. */
export interface OutdatedUnits {
  units: number;
  /** What differs, as in "twoNN 1 -> 2". */
  changes: string[];
}

/** What a run found, for people; empty if there was nothing. */
export function describeFindings({ damaged, unsealed, outdated, abandoned, unfinished }: Findings): string {
  const changes = outdated.changes.length > 0 ? `: ${outdated.changes.join(", ")}` : "";
  const parts: [count: number, what: string][] = [
    [damaged, "damaged"],
    [unsealed, "of an older format"],
    [outdated.units, `of an older version${changes}`],
    [abandoned, "begun by runs that did not end them"],
    [unfinished, "half-written files removed"],
  ];
  const found = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return found.length > 0 ? ` (found: ${found.join("; ")})` : "";
}

/**
 * Those of the units that were computed now which the store has as an earlier version measured them. It is told by the
 * descriptions of experiments that asked for the same.
 *
 * @param manifest path of the present experiment's description, in the store
 * @param computed names of the units
 */
export function outdatedUnits(store: Store, manifest: string, computed: ReadonlySet<string>): OutdatedUnits {
  const outdated = new Set<string>();
  const changes = new Set<string>();
  const [experiment] = computed.size > 0 ? readManifests([manifest]) : [];
  if (!experiment) return { units: 0, changes: [] };
  // What was damaged had been measured as it would be now.
  const units = unitsOf(experiment).filter(({ key }) => computed.has(key) && !store.damaged.has(key));
  const folder = dirname(manifest);
  const others = readdirSync(folder).map((name) => join(folder, name));
  for (const earlier of readManifests(others.filter((path) => path.endsWith(".json") && path !== manifest))) {
    const keys = new Map(unitsOf(earlier).map((unit) => [placeOf(earlier, unit), unit.key]));
    const old = units.flatMap((unit) => {
      const key = keys.get(placeOf(experiment, unit));
      return key !== undefined && key !== unit.key && store.savedAt(key) !== undefined ? [{ unit, key }] : [];
    });
    for (const { unit } of old) outdated.add(unit.key);
    if (old.length > 0) for (const change of changesSince(store, old[0].key)) changes.add(change);
  }
  return { units: outdated.size, changes: [...changes].sort() };
}

/** Those that can be read: others are damaged, or of a version that described experiments in another way. */
function readManifests(paths: readonly string[]): StoredExperiment[] {
  return paths.flatMap((path) => {
    try {
      return [readManifest(path)];
    } catch {
      return [];
    }
  });
}

/** All that a unit's numbers depend on, but for how they are measured. */
function placeOf({ facts, models }: StoredExperiment, { model, prompt, shuffleIndex }: ListedUnit): string {
  const { tokens, seed, captured, bos = false, leaveOut = 0 } = facts.settings as Record<string, unknown>;
  const { files, promptSet } = models.find(({ name }) => name === model)!;
  return canonicalJson([files, promptSet, prompt, shuffleIndex, tokens, seed, captured, bos, leaveOut, facts.backend]);
}

function changesSince(store: Store, key: string): string[] {
  const unit = store.read(key);
  if (typeof unit !== "object") return [];
  const measured = unit.inputs.metrics;
  return Object.entries(METRICS)
    .filter(([name, { version }]) => measured[name] !== version)
    .map(([name, { version }]) => `${name} ${measured[name] ?? "none"} -> ${version}`);
}

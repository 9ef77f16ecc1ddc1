import { UserError } from "../support/errors";
import { coreMetricNames, type Entry } from "./entries";
import type { PlannedUnit } from "./plan";
import { type Origin, Origins } from "./provenance";
import { asStored, type Store } from "./store";
import { type Entries, entryOf, type UnitResult, unitKey, wholeResult } from "./unit";

/** What is known of a unit, and by what it was computed. */
interface Known {
  entries: Entries;
  provenance: Record<string, unknown>[];
}

/** The results of an experiment's units, as they are found in the store, or measured and kept there, entry by entry. */
export class KeptResults {
  readonly found = new Map<PlannedUnit, UnitResult>();
  /** By what the units were computed, now or by those who filled the store. */
  readonly origins = new Origins();
  computed = 0;
  reused = 0;
  /** How many units of other shards were computed; their results are not kept in memory. */
  helped = 0;
  /** Whether what is computed now is another's. */
  helping = false;
  /** Of units of which something was measured now, by name: which metrics. */
  private readonly measured = new Map<string, Set<string>>();
  /** What the store has of units that are being measured. */
  private readonly begun = new Map<PlannedUnit, Known>();

  constructor(readonly store: Store) {}

  /** Names of the units of which something was measured now. */
  get measuredUnits(): ReadonlySet<string> {
    return new Set(this.measured.keys());
  }

  /** Whether the store has these entries of a unit. If they are all that it has, its result is remembered. */
  has(unit: PlannedUnit, entries: readonly Entry[] = unit.entries): boolean {
    if (!entries.every(({ inputs }) => this.store.mayHave(inputs))) return false;
    const known = this.read(unit, entries);
    if (!entries.every(({ name }) => Object.hasOwn(known.entries, name))) return false;
    if (entries.length === unit.entries.length && this.settle(unit, known)) this.reused++;
    return true;
  }

  /** Which of these entries of a unit are to be measured. What there is of the others is kept at hand until they are. */
  missing(unit: PlannedUnit, entries: readonly Entry[]): Entry[] {
    const known = this.read(unit, unit.entries);
    this.begun.set(unit, known);
    return entries.filter(({ name }) => !Object.hasOwn(known.entries, name));
  }

  /** Keeps what was measured of a unit. @throws UserError if the store cannot be written */
  keep(unit: PlannedUnit, entries: readonly Entry[], result: UnitResult, provenance: Record<string, unknown>): void {
    // As it will be found by the next run: what JSON cannot hold must not differ between the two.
    const stored = asStored(result);
    const { entries: known, provenance: earlier } = this.begun.get(unit) ?? { entries: {}, provenance: [] };
    const names = this.measured.get(unitKey(unit.inputs)) ?? new Set();
    for (const { name, inputs } of entries) {
      known[name] = entryOf(stored, name);
      this.store.save({ inputs, result: { [name]: known[name] }, provenance });
      names.add(name);
    }
    this.measured.set(unitKey(unit.inputs), names);
    if (!unit.entries.every(({ name }) => Object.hasOwn(known, name))) return;
    if (this.settle(unit, { entries: known, provenance: [...earlier, provenance] })) this.computed++;
    else this.helped++;
  }

  /** Where what each metric says of a unit is from. */
  originsOf(unit: PlannedUnit): Record<string, Origin> {
    const measured = this.measured.get(unitKey(unit.inputs));
    return Object.fromEntries(unit.entries.map(({ name }) => [name, measured?.has(name) ? "computed" : "store"]));
  }

  private read(unit: PlannedUnit, wanted: readonly Entry[]): Known {
    const key = unitKey(unit.inputs);
    const found = wanted.flatMap(({ inputs }) => this.store.find(inputs, key) ?? []);
    const entries: Entries = Object.assign({}, ...found.map(({ result }) => result));
    // Of different numbers of layers: whoever made them up, they are measured again.
    if (!wholeResult(entries)) return { entries: {}, provenance: [] };
    return { entries, provenance: found.map(({ provenance }) => provenance) };
  }

  /** Of a unit all of whose entries are known. @returns whether its result is remembered: not if it is another's */
  private settle(unit: PlannedUnit, { entries, provenance }: Known): boolean {
    this.begun.delete(unit);
    const result = wholeResult(entries);
    if (!result) throw new UserError(`${this.store.folder}: unit ${unitKey(unit.inputs)} is damaged; run again`);
    if (coreMetricNames().every((name) => Object.hasOwn(entries, name)))
      this.store.saveUnit(unit.inputs, provenance[0]);
    if (this.helping) return false;
    for (const origin of provenance) this.origins.note(origin);
    this.found.set(unit, result);
    return true;
  }
}

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { layerMetric } from "../../geometry/metrics";
import { UserError } from "../support/errors";
import { readSmallFile, removeUnfinished, writeFileAtomically } from "../support/files";
import { isThere, PointerFile } from "../support/pointerFile";
import { coreEntries, earlierForm } from "./entries";
import { passMetric } from "./passMetrics";
import { Origins } from "./provenance";
import {
  canonicalJson,
  type Entries,
  entryOf,
  resultOf,
  type StoredUnit,
  type UnitInputs,
  type UnitResult,
  unitKey,
  wholeResult,
} from "./unit";

/** The results of one prompt take up some 100 kB, in bytes. */
const LARGEST_UNIT = 2 ** 26;

/**
 * A folder that keeps results. Each metric of a prompt in one order is an entry, a file named by the hash of everything that
 * the result depends on, so that nothing stale is ever found. Of a prompt in one order whose entries are all there, a
 * further file, the unit, says which they are; and of an experiment a manifest, which units. Files appear whole or not at all.
 */
export class Store {
  /** @throws UserError if the folder has no name: of a shell's variable that is not set, the store would be where one stands */
  constructor(readonly folder: string) {
    if (folder === "") throw new UserError("the store's folder has no name");
  }

  /** Units of which something was found damaged, or sealed in another way by an earlier version: it is computed again. */
  readonly damaged = new Set<string>();

  /** Those of them that are whole, but have no seal of this version. */
  readonly unsealed = new Set<string>();

  /** The last unit that was read which holds all its results, as earlier versions kept them: it is asked for several times. */
  private earlier?: { key: string; unit: StoredUnit };

  /**
   * What the store has of a metric: its entry, or its part of a unit in which an earlier version kept all metrics together. A
   * damaged file counts as missing: it will be computed again, over it.
   *
   * @param unit whose entry it is: under this name damage is noted
   */
  find(inputs: UnitInputs, unit = unitKey(inputs)): StoredUnit<Entries> | undefined {
    const { result, provenance } = this.load<Entries>(unitKey(inputs), unit) ?? {};
    if (result) return { inputs, result, provenance: provenance! };
    const earlier = earlierForm(inputs);
    const known = earlier && this.loadEarlier(unitKey(earlier), unit);
    if (!known) return undefined;
    const [name] = Object.keys(inputs.metrics);
    return { ...known, inputs, result: { [name]: entryOf(known.result, name) } };
  }

  /** Whether {@link find} has something to read. */
  mayHave(inputs: UnitInputs): boolean {
    const earlier = earlierForm(inputs);
    return [inputs, ...(earlier ? [earlier] : [])].some((one) => this.savedAt(unitKey(one)) !== undefined);
  }

  /** The unit or entry of that name, checked against checksums and names; of a unit all of its entries. */
  read<Result = UnitResult>(key: string): StoredUnit<Result> | "missing" | "damaged" {
    const file = this.readFile<Entries>(key);
    if (typeof file === "string") return file === "missing" ? file : "damaged";
    const { inputs, provenance, result: kept } = file;
    if (kept) return { inputs, provenance, result: (kept.layers ? kept : resultOf(kept)) as Result };
    const entries = coreEntries(inputs).map((entry) => this.find(entry.inputs, key));
    const found = entries.filter((entry) => entry !== undefined);
    if (found.length < entries.length) return this.damaged.has(key) ? "damaged" : "missing";
    const result = wholeResult(Object.assign({}, ...found.map((entry) => entry.result)));
    const computedBy = new Origins(found.map((entry) => entry.provenance)).list();
    return result ? { inputs, result: result as Result, provenance, computedBy } : "damaged";
  }

  /** When a unit or entry was saved, milliseconds since 1970; undefined if there is none. */
  savedAt(key: string): number | undefined {
    return statSync(this.unitPath(key), { throwIfNoEntry: false })?.mtimeMs;
  }

  /** Keeps an entry. @throws UserError if the store cannot be written */
  save(entry: StoredFile<object>): void {
    const sealed = { ...entry, checksum: checksumOf(entry) };
    writeFileAtomically(this.unitPath(unitKey(entry.inputs)), `${JSON.stringify(sealed)}\n`);
  }

  /** Notes that the entries of a unit are all there, where that is not known yet. @throws UserError if the store cannot be written */
  saveUnit(inputs: UnitInputs, provenance: Record<string, unknown>): void {
    const key = unitKey(inputs);
    if (!this.load(key, key)) this.save({ inputs, provenance });
  }

  /** Keeps the description of an experiment. Returns the file's path. @throws UserError if the store cannot be written */
  saveManifest(name: string, manifest: Record<string, unknown>): string {
    const path = join(this.folder, "experiments", `${name}.json`);
    const text = `${JSON.stringify(manifest, null, 2)}\n`;
    // What is there already is left alone: a store that is complete may be read-only.
    if (!holds(path, text)) writeFileAtomically(path, text);
    return path;
  }

  /**
   * Removes what processes that were killed while they wrote into the store have left behind.
   *
   * @param now milliseconds since 1970, by the clock of whoever keeps the store
   * @returns how many files there were
   */
  removeUnfinished(now?: number): number {
    const units = join(this.folder, "units");
    const folders = existsSync(units) ? readdirSync(units).map((name) => join(units, name)) : [];
    return ["experiments", "claims"]
      .map((name) => join(this.folder, name))
      .concat(folders)
      .reduce((count, folder) => count + removeUnfinished(folder, undefined, now), 0);
  }

  /** A file as it is, if it is whole. @throws UserError if git has a pointer in its place */
  private readFile<Result>(key: string): StoredFile<Result> | "missing" | "damaged" | "unsealed" {
    const path = this.unitPath(key);
    if (!isThere(path)) return "missing";
    try {
      const text = readSmallFile(path, LARGEST_UNIT).toString("utf8");
      const { checksum, ...file } = parsed(text) as SealedFile<Result>;
      if (isWhole(file) && unitKey(file.inputs) === key) {
        if (checksum === checksumOf(file)) return file;
        if (checksum === undefined) return "unsealed";
      }
    } catch (error) {
      // What only has to be brought is not computed again.
      if (error instanceof PointerFile) throw error;
      // No JSON, or JSON of something else, or not readable.
    }
    return "damaged";
  }

  private load<Result>(key: string, unit: string): StoredFile<Result> | undefined {
    const file = this.readFile<Result>(key);
    if (typeof file !== "string") return file;
    // Not removed: by the time of that, another process may have put a good one in its place.
    if (file !== "missing") this.damaged.add(unit);
    if (file === "unsealed") this.unsealed.add(unit);
    return undefined;
  }

  private loadEarlier(key: string, unit: string): StoredUnit | undefined {
    if (this.earlier?.key === key) return this.earlier.unit;
    const { result, ...rest } = this.load<UnitResult>(key, unit) ?? {};
    if (!result) return undefined;
    const found = { ...rest, result } as StoredUnit;
    this.earlier = { key, unit: found };
    return found;
  }

  private unitPath(key: string): string {
    return join(this.folder, "units", key.slice(0, 2), `${key}.json`);
  }
}

/** An entry; or a unit, which names its entries by what it depends on, and has a result of its own only if it is of an earlier version. */
type StoredFile<Result> = Omit<StoredUnit, "result" | "computedBy"> & { result?: Result };

/** As it lies on disk. */
interface SealedFile<Result> extends StoredFile<Result> {
  /** Of everything else: a digit that changed on disk is noticed by it. */
  checksum: string;
}

function checksumOf(file: StoredFile<unknown>): string {
  return createHash("sha256").update(canonicalJson(file)).digest("hex");
}

/** A value as it is after it was stored and read again: there is one zero, and no infinity. */
export function asStored<Value>(value: Value): Value {
  return parsed(JSON.stringify(value)) as Value;
}

/** JSON has no NaN: a number that does not exist is null there, and becomes NaN again when it is read. */
function parsed(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return text.includes("null") ? withMissing(value) : value;
}

function withMissing(value: unknown): unknown {
  if (value === null) return Number.NaN;
  if (Array.isArray(value)) return value.map(withMissing);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withMissing(part)]));
}

/** Whether a value has the parts of a file, and its result all that its inputs promise: anybody can compute a checksum. */
function isWhole({ inputs, result, provenance }: Partial<StoredFile<unknown>>): boolean {
  if (!isObject(inputs) || !isObject(inputs.checkpoint) || !isObject(inputs.metrics) || !isObject(provenance))
    return false;
  const measured = Object.keys(inputs.metrics);
  if (result === undefined) return measured.length > 0;
  if (!isObject(result)) return false;
  if (result.layers === undefined) return measured.every((name) => isEntry(name, result[name]));
  const hasAll = (layer: unknown): boolean => isObject(layer) && measured.every((name) => isObject(layer[name]));
  return typeof result.loss === "number" && Array.isArray(result.layers) && result.layers.every(hasAll);
}

function isEntry(name: string, value: unknown): boolean {
  if (passMetric(name)) return isObject(value);
  const isOfLayer = layerMetric(name)?.quantities ? isObject : (part: unknown) => typeof part === "number";
  return Array.isArray(value) && value.every(isOfLayer);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function holds(path: string, text: string): boolean {
  try {
    return readFileSync(path, "utf8") === text;
  } catch {
    return false;
  }
}

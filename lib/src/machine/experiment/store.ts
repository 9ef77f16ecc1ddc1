import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../support/errors";
import { readSmallFile, removeUnfinished, writeFileAtomically } from "../support/files";
import { isThere, PointerFile } from "../support/pointerFile";
import { canonicalJson, type StoredUnit, type UnitInputs, type UnitResult, unitKey } from "./unit";

/** The results of one prompt take up some 100 kB, in bytes. */
const LARGEST_UNIT = 2 ** 26;

/**
 * A folder that keeps results: one file a unit of work, named by the hash of everything that the result depends on, so
 * that nothing stale is ever found; and one manifest an experiment. Files appear whole or not at all.
 */
export class Store {
  /** @throws UserError if the folder has no name: of a shell's variable that is not set, the store would be where one stands */
  constructor(readonly folder: string) {
    if (folder === "") throw new UserError("the store's folder has no name");
  }

  /** Units that were found damaged, or written by a version that sealed them in another way: they are computed again. */
  readonly damaged = new Set<string>();

  /** Those of them that are whole, but have no seal of this version. */
  readonly unsealed = new Set<string>();

  /** The result of a unit, if it is there. A damaged file counts as missing: it will be computed again, over it. */
  find<Result = UnitResult>(inputs: UnitInputs): StoredUnit<Result> | undefined {
    const key = unitKey(inputs);
    const unit = this.read<Result>(key);
    // Not removed: by the time of that, another process may have put a good one in its place.
    if (unit === "damaged") this.damaged.add(key);
    return unit === "damaged" || unit === "missing" ? undefined : unit;
  }

  /** The unit of that name, checked against its checksum and its name. @throws UserError if git has a pointer in its place */
  read<Result = UnitResult>(key: string): StoredUnit<Result> | "missing" | "damaged" {
    const path = this.unitPath(key);
    if (!isThere(path)) return "missing";
    try {
      const text = readSmallFile(path, LARGEST_UNIT).toString("utf8");
      const { checksum, ...unit } = JSON.parse(text, restoreMissing) as SealedUnit<Result>;
      if (isWhole(unit) && unitKey(unit.inputs) === key) {
        if (checksum === checksumOf(unit)) return unit;
        if (checksum === undefined) this.unsealed.add(key);
      }
    } catch (error) {
      // What only has to be brought is not computed again.
      if (error instanceof PointerFile) throw error;
      // No JSON, or JSON of something else, or not readable.
    }
    return "damaged";
  }

  /** When a unit was saved, milliseconds since 1970; undefined if there is none. */
  savedAt(key: string): number | undefined {
    return statSync(this.unitPath(key), { throwIfNoEntry: false })?.mtimeMs;
  }

  /** Keeps a unit. @throws UserError if the store cannot be written */
  save<Result = UnitResult>(unit: StoredUnit<Result>): void {
    const sealed: SealedUnit<Result> = { ...unit, checksum: checksumOf(unit) };
    writeFileAtomically(this.unitPath(unitKey(unit.inputs)), `${JSON.stringify(sealed)}\n`);
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

  private unitPath(key: string): string {
    return join(this.folder, "units", key.slice(0, 2), `${key}.json`);
  }
}

/** A unit as it lies in a file. */
interface SealedUnit<Result> extends StoredUnit<Result> {
  /** Of everything else: a digit that changed on disk is noticed by it. */
  checksum: string;
}

function checksumOf(unit: StoredUnit<unknown>): string {
  return createHash("sha256").update(canonicalJson(unit)).digest("hex");
}

/** A value as it is after it was stored and read again: there is one zero, and no infinity. */
export function asStored<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value), restoreMissing) as Value;
}

/** JSON has no NaN: a number that does not exist is null there, and becomes NaN again when it is read. */
function restoreMissing(_key: string, value: unknown): unknown {
  return value === null ? Number.NaN : value;
}

/** Whether a value has the parts of a unit, and its result all that its inputs promise: anybody can compute a checksum. */
function isWhole({ inputs, result, provenance }: Partial<StoredUnit<unknown>>): boolean {
  if (!isObject(inputs) || !isObject(inputs.checkpoint) || !isObject(inputs.metrics)) return false;
  if (!isObject(result) || !isObject(provenance)) return false;
  const measured = Object.keys(inputs.metrics);
  const hasAll = (holder: unknown): boolean =>
    isObject(holder) && measured.every((name) => Object.hasOwn(holder, name) && isObject(holder[name]));
  if (result.layers === undefined) return hasAll(result);
  return Array.isArray(result.layers) && result.layers.every(hasAll);
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

import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomically } from "../support/files";
import { canonicalJson, type StoredUnit, type UnitInputs, type UnitResult, unitKey } from "./unit";

/**
 * A folder that keeps results: one file a unit of work, named by the hash of everything that the result depends on, so
 * that nothing stale is ever found; and one manifest an experiment. Files appear whole or not at all.
 */
export class Store {
  constructor(readonly folder: string) {}

  /** Units that were found damaged, or written by a version that sealed them in another way: they are computed again. */
  readonly damaged = new Set<string>();

  /** The result of a unit, if it is there. A damaged file counts as missing: it will be computed again, over it. */
  find<Result = UnitResult>(inputs: UnitInputs): StoredUnit<Result> | undefined {
    const key = unitKey(inputs);
    const unit = this.read<Result>(key);
    // Not removed: by the time of that, another process may have put a good one in its place.
    if (unit === "damaged") this.damaged.add(key);
    return unit === "damaged" || unit === "missing" ? undefined : unit;
  }

  /** The unit of that name, checked against its checksum and its name. */
  read<Result = UnitResult>(key: string): StoredUnit<Result> | "missing" | "damaged" {
    const path = this.unitPath(key);
    if (!existsSync(path)) return "missing";
    try {
      const { checksum, ...unit } = JSON.parse(readFileSync(path, "utf8"), restoreMissing) as SealedUnit<Result>;
      if (checksum === checksumOf(unit) && unitKey(unit.inputs) === key) return unit;
    } catch {
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
    writeFileAtomically(path, `${JSON.stringify(manifest, null, 2)}\n`);
    return path;
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

/** JSON has no NaN: a number that does not exist is null there, and becomes NaN again when it is read. */
function restoreMissing(_key: string, value: unknown): unknown {
  return value === null ? Number.NaN : value;
}

import { createHash } from "node:crypto";
import { manifestName } from "./manifest";
import { canonicalJson, type UnitResult } from "./unit";

/**
 * What files that leave the project say of an experiment: its manifest, with a count and a hash in place of the list of
 * units, which is long. By the manifest's name the store gives the list, by the hash it shows that nothing has changed.
 */
export interface ExperimentRecord {
  /** Name of the manifest in the store. */
  manifest: string;
  units: number;
  /** See {@link hashResults}. */
  results: string;
  [fact: string]: unknown;
}

/** @param results of all units, in the manifest's order */
export function experimentRecord(
  manifest: Record<string, unknown>,
  results: readonly { result: Partial<UnitResult> }[],
): ExperimentRecord {
  const models = manifest.models as Record<string, unknown>[];
  return {
    ...manifest,
    manifest: manifestName(manifest),
    units: results.length,
    results: hashResults(results.map(({ result }) => result)),
    models: models.map(({ units, ...rest }) => rest),
  };
}

/** SHA-256 of the results of units, one after the other. */
export function hashResults(results: Iterable<Partial<UnitResult>>): string {
  const hash = createHash("sha256");
  for (const result of results) hash.update(`${canonicalJson(result)}\n`);
  return hash.digest("hex");
}

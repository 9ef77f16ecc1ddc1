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
  /** See {@link Origins}. */
  computedBy: Record<string, unknown>[];
  [fact: string]: unknown;
}

/**
 * @param results of all units, in the manifest's order
 * @param origins by what they were computed
 */
export function experimentRecord(
  manifest: Record<string, unknown>,
  results: readonly { result: Partial<UnitResult> }[],
  origins: Record<string, unknown>[],
): ExperimentRecord {
  const { models, backend, device, tokenGeometry, tensorflowJs, node, ...facts } = manifest;
  return {
    ...facts,
    manifest: manifestName(manifest),
    units: results.length,
    results: hashResults(results.map(({ result }) => result)),
    // The manifest says what would compute them now; the store may have them from somewhere else.
    computedBy: origins,
    models: (models as Record<string, unknown>[]).map(({ units, ...rest }) => rest),
  };
}

/** Where a number comes from: computed now, found in the store, recorded in data/recorded, or published by the authors. */
export type Origin = "computed" | "store" | "recorded" | "published";

/** By what units were computed: backend, device and versions, as far as they differ. */
export class Origins {
  private readonly found = new Map<string, Record<string, unknown>>();

  constructor(known: readonly Record<string, unknown>[] = []) {
    for (const origin of known) this.note(origin);
  }

  /** @param provenance of a unit */
  note({ backend, device, tokenGeometry, tensorflowJs, node }: Record<string, unknown>): void {
    const origin = { backend, device, tokenGeometry, tensorflowJs, node };
    this.found.set(canonicalJson(origin), origin);
  }

  /** All that differ, in an order that does not depend on who came first. */
  list(): Record<string, unknown>[] {
    return [...this.found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, origin]) => origin);
  }
}

/** SHA-256 of the results of units, one after the other. */
export function hashResults(results: Iterable<Partial<UnitResult>>): string {
  const hash = createHash("sha256");
  for (const result of results) hash.update(`${canonicalJson(result)}\n`);
  return hash.digest("hex");
}

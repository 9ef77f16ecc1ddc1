import { createHash } from "node:crypto";
import { writeFileAtomically } from "../support/files";
import { type CollectedExperiment, type CollectOptions, collectExperiment } from "./collect";
import type { StoredExperiment } from "./storedExperiment";
import { canonicalJson } from "./unit";

/** What was collected. */
export interface MergedResults {
  path: string;
  units: number;
  bytes: number;
  /** Of the file. */
  sha256: string;
}

/**
 * Collects all results of an experiment in one file, after checking every unit: that it is there and whole (its checksum),
 * that it is what the manifest says, and that all of it was made alike. The file is the same to the byte however the
 * results were computed: in one process or many, in one store or several.
 *
 * Layout: JSON, one unit a line: { format, experiment, models, results: [{ model, prompt, shuffleIndex, keys, inputs, result }] }.
 *
 * @param stores folders that are searched for the units, in this order
 * @param experiments descriptions of the experiment, as many as there are; they have to agree
 * @throws UserError listing what is missing, or in what the parts differ; the file is not written then
 */
export function mergeExperiment(
  stores: readonly string[],
  experiments: readonly StoredExperiment[],
  path: string,
  options: CollectOptions = {},
): MergedResults {
  const collected = collectExperiment(stores, experiments, options);
  const hash = createHash("sha256");
  let bytes = 0;
  const pieces = function* (): Iterable<Uint8Array> {
    for (const text of lines(collected)) {
      const piece = Buffer.from(text);
      hash.update(piece);
      bytes += piece.length;
      yield piece;
    }
  };
  writeFileAtomically(path, pieces());
  return { path, units: collected.units.length, bytes, sha256: hash.digest("hex") };
}

function* lines({ experiment, units, observations, unit, result }: CollectedExperiment): Iterable<string> {
  const { settings, command, dtype } = experiment.facts;
  const made = Object.fromEntries(
    ["backend", "device", "tokenGeometry", "tensorflowJs", "node"].map((name) => {
      const values = observations.filter(({ fact }) => fact === name).map(({ value }) => value);
      return [name, values.length === 1 ? values[0] : values.map(String).sort()];
    }),
  );
  yield `{"format":1,\n"experiment":${canonicalJson({ command, settings, dtype, ...made })},\n"models":[\n`;
  const models = experiment.models.map(({ name, files, promptSet, recorded, computed, units, weights }) =>
    canonicalJson({ name, files, promptSet, recorded, computed, units: units.length, weights }),
  );
  yield `${models.join(",\n")}\n],\n"results":[\n`;
  for (const [place, listed] of units.entries()) {
    const { model, prompt, shuffleIndex, key, further } = listed;
    const { inputs } = unit(key);
    const line = canonicalJson({ model, prompt, shuffleIndex, key, further, inputs, result: result(listed) });
    yield `${line}${place < units.length - 1 ? "," : ""}\n`;
  }
  yield "]}\n";
}

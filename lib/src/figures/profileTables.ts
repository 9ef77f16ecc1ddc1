import { compareProfiles, peakOf } from "../experiment/comparison";
import type { MeanProfile } from "../experiment/profiles";
import type { ParameterSources } from "./modelSources";
import type { ProfileSource } from "./shuffledProfiles";

/** One layer of a model: our mean, the published one, or both with their difference. */
export type DeviationRow = Record<string, string | number>;

/**
 * Our mean profiles beside the published ones, layer by layer: the first model beside the first published one and so on,
 * each shuffle index beside the same one; the last one, if it is not published, beside the published full permutation, and a
 * column says so. A layer is held against the published layer at the nearest relative depth. Where only one side is there, its own numbers are listed.
 *
 * @param first columns in front, such as the range scaling
 */
export function deviationTable(
  ours: readonly ProfileSource[],
  published: readonly ProfileSource[],
  first: Record<string, string | number> = {},
): DeviationRow[] {
  if (ours.length === 0 || published.length === 0) {
    return [...ours, ...published].flatMap(({ label, mean }) =>
      mean.flatMap(({ shuffleIndex, curve }) => ownRows({ ...first, source: label, S: shuffleIndex }, curve)),
    );
  }
  return ours.flatMap(({ label, mean }, index) => {
    const other = published[Math.min(index, published.length - 1)];
    return mean.flatMap(({ shuffleIndex, curve }, place) => {
      const same = other.mean.find((candidate) => candidate.shuffleIndex === shuffleIndex);
      const counterpart = same ?? (place === mean.length - 1 ? other.mean[other.mean.length - 1] : undefined);
      const head = { ...first, source: label, S: shuffleIndex };
      if (!counterpart) return ownRows(head, curve);
      const tail = {
        n: curve.n,
        "published n": counterpart.curve.n,
        ...(same ? {} : { "published S": counterpart.shuffleIndex }),
      };
      return compareProfiles(curve, counterpart.curve).map((row) => ({ ...head, ...row, ...tail }));
    });
  });
}

function ownRows(head: DeviationRow, { layers, mean, std, n }: MeanProfile): DeviationRow[] {
  return layers.map((layer, i) => ({ ...head, layer, mean: mean[i], sd: std[i], n }));
}

/** Where each mean profile is highest: layer, relative depth, height, sd and n. `first`: columns in front. */
export function peakTable(
  sources: readonly ProfileSource[],
  first: Record<string, string | number> = {},
): DeviationRow[] {
  return sources.flatMap(({ label, mean }) =>
    mean.map(({ shuffleIndex, curve }) => ({ ...first, source: label, S: shuffleIndex, ...peakOf(curve) })),
  );
}

/**
 * {@link deviationTable} at each parameter.
 *
 * @param name of the column of the parameter: "n2" or "k"
 */
export function parameterDeviationTable(
  ours: readonly ParameterSources[],
  published: readonly ParameterSources[],
  name: string,
): DeviationRow[] {
  const present = ours.length > 0 ? ours : published;
  return present.flatMap(({ parameter }) =>
    deviationTable(sourcesAt(ours, parameter), sourcesAt(published, parameter), { [name]: parameter }),
  );
}

/** {@link peakTable} at each parameter; `name` as of {@link parameterDeviationTable}. */
export function parameterPeakTable(groups: readonly ParameterSources[][], name: string): DeviationRow[] {
  return groups.flat().flatMap(({ parameter, sources }) => peakTable(sources, { [name]: parameter }));
}

function sourcesAt(group: readonly ParameterSources[], wanted: number): ProfileSource[] {
  return group.find(({ parameter }) => parameter === wanted)?.sources ?? [];
}

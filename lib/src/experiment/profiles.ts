import { UserError } from "../support/errors";
import type { PromptResult } from "./experiment";
import type { UnitResult } from "./unit";

/** A quantity by layer: `layers[i]` is where `values[i]` belongs. */
export interface Profile {
  layers: number[];
  values: number[];
}

/** Intrinsic dimension of layers 1..L at a range scaling n2. Layer 0, where equal tokens coincide, is left out as in the paper. */
export function intrinsicDimensionProfile({ layers }: UnitResult, scaling: number): Profile {
  return profile(layers.slice(1), 1, ({ intrinsicDimension }) => {
    const estimate = intrinsicDimension.find((candidate) => candidate.scaling === scaling);
    if (!estimate) {
      const known = intrinsicDimension.map((candidate) => candidate.scaling).join(", ");
      throw new UserError(`no intrinsic dimension at range scaling ${scaling}: there is ${known || "none"}`);
    }
    return estimate.id;
  });
}

/** Overlap of the k nearest neighbors between layers l and l + 1, for l = 1..L - 1. */
export function neighborhoodOverlapProfile({ layers }: UnitResult, k: number): Profile {
  return profile(layers.slice(2), 1, ({ neighborhoodOverlap }) => {
    const value = neighborhoodOverlap[k - 1];
    if (value === undefined)
      throw new UserError(`no neighborhood overlap for k = ${k}: k is 1 to ${neighborhoodOverlap.length}`);
    return value;
  });
}

/** Mean cosine similarity of layers 0..L. */
export function cosineSimilarityProfile({ layers }: UnitResult): Profile {
  return profile(layers, 0, ({ cosineSimilarity }) => cosineSimilarity.mean);
}

function profile<Layer>(layers: Layer[], first: number, value: (layer: Layer) => number): Profile {
  return { layers: layers.map((_, i) => first + i), values: layers.map(value) };
}

/** A profile's mean and population standard deviation over prompts. */
export interface MeanProfile {
  layers: number[];
  mean: number[];
  std: number[];
  /** Number of prompts. */
  n: number;
}

/** Mean and population standard deviation (ddof 0, as in the paper) over profiles of the same layers. */
export function meanProfile(profiles: readonly Profile[]): MeanProfile {
  if (profiles.length === 0) throw new UserError("there are no results to average");
  const { layers } = profiles[0];
  const mean = layers.map((_, i) => average(profiles.map(({ values }) => values[i])));
  const std = layers.map((_, i) => Math.sqrt(average(profiles.map(({ values }) => (values[i] - mean[i]) ** 2))));
  return { layers, mean, std, n: profiles.length };
}

/** Arithmetic mean; NaN of no values. */
export function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The results that fit: of a model, a prompt, a shuffle index. */
export function selectResults(
  results: readonly PromptResult[],
  wanted: Partial<Pick<PromptResult, "model" | "prompt" | "shuffleIndex">>,
): UnitResult[] {
  const entries = Object.entries(wanted) as [keyof typeof wanted, unknown][];
  return results.filter((result) => entries.every(([key, value]) => result[key] === value)).map(({ result }) => result);
}

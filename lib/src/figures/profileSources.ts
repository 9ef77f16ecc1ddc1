import type { PromptResult } from "../experiment/experiment";
import {
  cosineSimilarityProfile,
  intrinsicDimensionProfile,
  meanProfile,
  neighborhoodOverlapProfile,
  type Profile,
  selectResults,
} from "../experiment/profiles";
import { type PublishedQuantity, publishedMean, publishedPrompt } from "../experiment/published";
import type { UnitResult } from "../experiment/unit";
import { UserError } from "../support/errors";
import type { ProfileSource } from "./shuffledProfiles";

/** A quantity by layer, with the range scaling n2 or the k that it is looked at for. */
export interface ProfileQuantity {
  quantity: PublishedQuantity;
  /** n2 of the intrinsic dimension, k of the overlap. */
  parameter?: number;
}

/** The profile of a quantity in one result. */
export function quantityProfile(result: UnitResult, { quantity, parameter }: ProfileQuantity): Profile {
  if (quantity === "intrinsicDimension") return intrinsicDimensionProfile(result, parameter ?? 2);
  if (quantity === "neighborhoodOverlap") return neighborhoodOverlapProfile(result, parameter ?? 2);
  return cosineSimilarityProfile(result);
}

/**
 * A row of a figure from this machine's results.
 *
 * @param model name of the model among the results
 * @param promptResults those of the single prompt, at every shuffle index
 * @param meanResults those of all prompts, for the prompts as they are and fully permuted
 * @throws UserError if there are no results of the model
 */
export function runSource(
  model: string,
  promptResults: readonly PromptResult[],
  meanResults: readonly PromptResult[],
  wanted: ProfileQuantity,
): ProfileSource {
  const prompt = promptResults.filter((result) => result.model === model);
  const all = meanResults.filter((result) => result.model === model);
  if (prompt.length === 0 || all.length === 0) throw new UserError(`there are no results of model ${model}`);
  const indices = [...new Set(all.map(({ shuffleIndex }) => shuffleIndex))];
  return {
    label: model,
    promptName: prompt[0].prompt,
    prompt: prompt.map(({ shuffleIndex, result }) => ({ shuffleIndex, curve: quantityProfile(result, wanted) })),
    mean: indices.map((shuffleIndex) => ({
      shuffleIndex,
      curve: meanProfile(selectResults(all, { shuffleIndex }).map((result) => quantityProfile(result, wanted))),
    })),
  };
}

/** A row of a figure from the authors' published results. @throws UserError if the model or the parameter is not there */
export function publishedSource(model: string, { quantity, parameter }: ProfileQuantity): ProfileSource {
  const chosen = parameter ?? (quantity === "cosineSimilarity" ? undefined : 2);
  return {
    label: `${model} (published)`,
    promptName: "prompt 3218",
    prompt: [0, 1, 2, 3, 4, 5].map((shuffleIndex) => ({
      shuffleIndex,
      curve: publishedPrompt(model, quantity, shuffleIndex, chosen),
    })),
    mean: [0, 5].map((shuffleIndex) => ({
      shuffleIndex,
      curve: publishedMean(model, quantity, shuffleIndex, chosen),
    })),
  };
}

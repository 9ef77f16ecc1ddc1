import type { PromptResult } from "../experiment/experiment";
import { meanProfile } from "../experiment/profiles";
import { type ProfileQuantity, publishedSource, quantityProfile } from "./profileSources";
import type { ProfileSource } from "./shuffledProfiles";

/**
 * What this machine's results say of a quantity, one source a model, in the order of the results. None without results.
 *
 * @param meanResults those that the means are over
 * @param promptResults those of the single prompt, at every shuffle index that is to be shown
 */
export function runSources(
  meanResults: readonly PromptResult[] | undefined,
  wanted: ProfileQuantity,
  promptResults: readonly PromptResult[] = [],
): ProfileSource[] {
  const means = meanResults ?? [];
  const models = [...new Set([...means, ...promptResults].map(({ model }) => model))];
  return models.map((label) => {
    const prompt = promptResults.filter(({ model }) => model === label);
    const all = means.filter(({ model }) => model === label);
    const indices = [...new Set(all.map(({ shuffleIndex }) => shuffleIndex))];
    return {
      label,
      promptName: prompt[0]?.prompt ?? "",
      prompt: prompt.map(({ shuffleIndex, result }) => ({ shuffleIndex, curve: quantityProfile(result, wanted) })),
      mean: indices.map((shuffleIndex) => {
        const chosen = all.filter((result) => result.shuffleIndex === shuffleIndex);
        return { shuffleIndex, curve: meanProfile(chosen.map(({ result }) => quantityProfile(result, wanted))) };
      }),
    };
  });
}

/** The published counterpart of {@link runSources}. @throws UserError if a model or the parameter is not there */
export function publishedSources(models: readonly string[], wanted: ProfileQuantity): ProfileSource[] {
  return models.map((model) => publishedSource(model, wanted));
}

/** A source with its structured curves (S = 0) alone. */
export function structuredOnly(source: ProfileSource): ProfileSource {
  const isStructured = ({ shuffleIndex }: { shuffleIndex: number }) => shuffleIndex === 0;
  return { ...source, prompt: source.prompt.filter(isStructured), mean: source.mean.filter(isStructured) };
}

/** Sources of a quantity at one range scaling n2, or one k. */
export interface ParameterSources {
  parameter: number;
  sources: ProfileSource[];
}

/** One entry a parameter, as {@link runSources} of it. None if there are no results. */
export function runSourcesByParameter(
  meanResults: readonly PromptResult[] | undefined,
  quantity: ProfileQuantity["quantity"],
  parameters: readonly number[],
): ParameterSources[] {
  if (!meanResults) return [];
  return parameters.map((parameter) => ({ parameter, sources: runSources(meanResults, { quantity, parameter }) }));
}

/** One entry a parameter, as {@link publishedSources} of it; without `shuffling` the structured curves (S = 0) alone. */
export function publishedSourcesByParameter(
  models: readonly string[],
  quantity: ProfileQuantity["quantity"],
  parameters: readonly number[],
  shuffling = true,
): ParameterSources[] {
  return parameters.map((parameter) => {
    const sources = publishedSources(models, { quantity, parameter });
    return { parameter, sources: shuffling ? sources : sources.map(structuredOnly) };
  });
}

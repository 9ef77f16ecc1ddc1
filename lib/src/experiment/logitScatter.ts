import { type Correlation, correlate, fittedLine, type Line } from "../statistics/correlation";
import { UserError } from "../support/errors";
import type { PromptResult } from "./experiment";
import { type LogitScatter, publishedLogits } from "./publishedCorrelations";

/** The logits of many prompts under one model. */
export interface ModelLogits extends LogitScatter {
  model: string;
  /** Names of the prompts, if they are known. */
  prompts?: string[];
}

/**
 * Entropy, loss and dimension of the logits of prompts as written (S = 0), one entry a model, in the order of the results.
 *
 * @throws UserError if an experiment did not ask for the metric logitsIntrinsicDimension
 */
export function runLogits(results: readonly PromptResult[]): ModelLogits[] {
  const asWritten = results.filter(({ shuffleIndex }) => shuffleIndex === 0);
  const models = [...new Set(asWritten.map(({ model }) => model))];
  return models.map((model) => {
    const chosen = asWritten.filter((result) => result.model === model);
    const estimates = chosen.map(({ prompt, result }) => {
      if (result.logitsIntrinsicDimension) return result.logitsIntrinsicDimension;
      throw new UserError(`${model}, ${prompt}: has no dimension of the logits; ask for logitsIntrinsicDimension`);
    });
    const scalings = [...new Set(estimates.flat().map(({ scaling }) => scaling))].sort((a, b) => a - b);
    return {
      model,
      prompts: chosen.map(({ prompt }) => prompt),
      entropy: chosen.map(({ result }) => result.meanEntropy),
      loss: chosen.map(({ result }) => result.loss),
      scalings,
      dimension: scalings.map((scaling) =>
        estimates.map((list) => list.find((estimate) => estimate.scaling === scaling)?.id ?? Number.NaN),
      ),
    };
  });
}

/** The published values of Llama-3-8B as {@link runLogits} gives ours. */
export function publishedModelLogits(): ModelLogits {
  return { model: "Llama-3-8B", ...publishedLogits() };
}

/** How the dimension of the logits goes with the entropy at one scaling: ln ID of each prompt, correlation, fitted line. */
export interface DimensionEntropy {
  logDimension: number[];
  correlation: Correlation;
  line: Line;
}

/** @throws UserError naming the scalings that there are, if it is not there */
export function dimensionEntropy(
  { model, entropy, scalings, dimension }: ModelLogits,
  scaling: number,
): DimensionEntropy {
  const index = scalings.indexOf(scaling);
  if (index < 0) {
    throw new UserError(
      `${model}: no dimension of the logits at range scaling ${scaling}; there are ${scalings.join(", ")}`,
    );
  }
  const logDimension = dimension[index].map(Math.log);
  return {
    logDimension,
    correlation: correlate(entropy, logDimension, "pearson"),
    line: fittedLine(entropy, logDimension),
  };
}

/** Pearson correlation between the contextual entropy and the loss. */
export function entropyLoss({ entropy, loss }: ModelLogits): Correlation {
  return correlate(loss, entropy, "pearson");
}

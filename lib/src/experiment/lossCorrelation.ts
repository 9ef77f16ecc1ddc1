import { type Band, type BootstrapOptions, bootstrapBand } from "../statistics/bootstrap";
import {
  type Correlation,
  type CorrelationMethod,
  correlate,
  linearCoefficient,
  rankCoefficient,
} from "../statistics/correlation";
import { UserError } from "../support/errors";
import { intrinsicDimensionProfile } from "./profiles";
import type { UnitResult } from "./unit";

/** A correlation over prompts at each layer: `correlations[i]` belongs to `layers[i]`. */
export interface CorrelationProfile {
  layers: number[];
  correlations: Correlation[];
}

export interface LossCorrelationOptions {
  /** Range scaling n2 of the intrinsic dimension, 2 by default. */
  scaling?: number;
  /** "pearson" by default. Spearman's rho is the same with and without the logarithm. */
  method?: CorrelationMethod;
}

/**
 * Correlation, over prompts, between the logarithm of the intrinsic dimension at each layer 1..L and the loss.
 *
 * @param results of one model, one a prompt
 * @throws UserError if there are no results, or none at the range scaling
 * Source: arXiv 2501.10573, Figures 6, 17 and 20.
 */
export function lossCorrelationProfile(
  results: readonly UnitResult[],
  { scaling = 2, method = "pearson" }: LossCorrelationOptions = {},
): CorrelationProfile {
  const { layers, values, loss } = logDimensions(results, scaling);
  return { layers, correlations: values.map((ofLayer) => correlate(ofLayer, loss, method)) };
}

/**
 * How far the curve of {@link lossCorrelationProfile} would move with other prompts: its percentile bootstrap band, one
 * entry a layer. Unlike Fisher's interval it does not take the values to be normal.
 */
export function lossCorrelationBand(
  results: readonly UnitResult[],
  { scaling = 2, method = "pearson" }: LossCorrelationOptions = {},
  bootstrap: BootstrapOptions = {},
): Band {
  const { values, loss } = logDimensions(results, scaling);
  const coefficient = method === "pearson" ? linearCoefficient : rankCoefficient;
  const complete = loss
    .map((_, i) => i)
    .filter((i) => [loss[i], ...values.map((row) => row[i])].every(Number.isFinite));
  if (complete.length === 0) {
    const none = values.map(() => Number.NaN);
    return { low: none, high: none };
  }
  return bootstrapBand(
    complete.length,
    (drawn) => {
      const chosen = Array.from(drawn, (i) => complete[i]);
      const drawnLoss = chosen.map((i) => loss[i]);
      return values.map((ofLayer) =>
        coefficient(
          chosen.map((i) => ofLayer[i]),
          drawnLoss,
        ),
      );
    },
    bootstrap,
  );
}

/** ln ID [layers][prompts], and the losses [prompts]. */
function logDimensions(results: readonly UnitResult[], scaling: number) {
  if (results.length === 0) throw new UserError("there are no results to correlate");
  const profiles = results.map((result) => intrinsicDimensionProfile(result, scaling));
  const { layers } = profiles[0];
  const values = layers.map((_, layer) => profiles.map((profile) => Math.log(profile.values[layer])));
  return { layers, values, loss: results.map(({ loss }) => loss) };
}

/** Where a correlation is strongest. */
export interface CorrelationPeak extends Correlation {
  layer: number;
  /** Layer divided by the last layer. */
  depth: number;
}

/**
 * The layer with the largest coefficient, or of the largest `measure` of it; a NaN is none.
 *
 * @param measure Math.abs for the strongest correlation of either sign
 */
export function correlationPeak(
  { layers, correlations }: CorrelationProfile,
  measure: (coefficient: number) => number = (coefficient) => coefficient,
): CorrelationPeak {
  const height = (index: number) => {
    const value = measure(correlations[index].coefficient);
    return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
  };
  const best = layers.reduce((highest, _, index) => (height(index) > height(highest) ? index : highest), 0);
  return { ...correlations[best], layer: layers[best], depth: layers[best] / layers[layers.length - 1] };
}

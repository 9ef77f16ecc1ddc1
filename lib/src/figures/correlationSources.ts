import type { PromptResult } from "../experiment/experiment";
import {
  correlationPeak,
  type LossCorrelationOptions,
  lossCorrelationBand,
  lossCorrelationProfile,
} from "../experiment/lossCorrelation";
import { digitizedLossCorrelation, publishedLossCorrelation } from "../experiment/publishedCorrelations";
import type { Correlation } from "../statistics/correlation";
import { formatPValue } from "../statistics/significance";
import { UserError } from "../support/errors";
import type { CorrelationCurve } from "./correlationPanels";

export interface CorrelationSourceOptions extends LossCorrelationOptions {
  /** How the band is made: "fisher", by his transformation (default), or "bootstrap", by drawing the prompts anew 1000 times. */
  band?: string;
  /** Of the draws. */
  seed?: string;
}

/**
 * One curve a model from this machine's results of prompts as written (S = 0), in the order of the results.
 *
 * @throws UserError if there are none, or `band` is another word
 */
export function runCorrelations(
  results: readonly PromptResult[],
  { band = "fisher", seed, ...options }: CorrelationSourceOptions = {},
): CorrelationCurve[] {
  if (band !== "fisher" && band !== "bootstrap") throw new UserError(`unknown band "${band}"; write fisher, bootstrap`);
  const asWritten = results.filter(({ shuffleIndex }) => shuffleIndex === 0);
  const models = [...new Set(asWritten.map(({ model }) => model))];
  return models.map((label) => {
    const units = asWritten.filter(({ model }) => model === label).map(({ result }) => result);
    const profile = lossCorrelationProfile(units, options);
    return band === "fisher"
      ? { label, profile }
      : { label, profile, band: lossCorrelationBand(units, options, { seed }) };
  });
}

/**
 * One curve a model from the authors' published results; with Pearson's correlation also what was read off the printed
 * figures, where there is such.
 *
 * @throws UserError if a model or the scaling is not there
 */
export function publishedCorrelations(
  models: readonly string[],
  { scaling = 2, method = "pearson" }: LossCorrelationOptions = {},
): CorrelationCurve[] {
  return models.map((label) => {
    const readOff = method === "pearson" ? digitizedLossCorrelation(label, scaling) : undefined;
    return { label, profile: publishedLossCorrelation(label, scaling, method), ...(readOff ? { readOff } : {}) };
  });
}

/** How many prompts the correlations of a panel are over: "48", or "50 to 2244". */
export function promptsOf(curves: readonly CorrelationCurve[]): string {
  const counts = curves.flatMap(({ profile }) => profile.correlations.map(({ n }) => n));
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
  return fewest === most ? `${most}` : `${fewest} to ${most}`;
}

/** A row of a table of correlations. */
export type CorrelationRow = Record<string, string | number>;

/**
 * Our correlations beside the published ones, layer by layer: the first model beside the first published one and so on, a
 * layer beside the published layer at the nearest relative depth. A model without a counterpart is listed alone; without
 * any of ours, the published ones are.
 *
 * @param first columns in front, such as the range scaling
 */
export function correlationTable(
  ours: readonly CorrelationCurve[],
  published: readonly CorrelationCurve[],
  first: CorrelationRow = {},
): CorrelationRow[] {
  if (ours.length === 0) return published.flatMap((curve) => curveRows(curve, first));
  return ours.flatMap((curve, index) => {
    const rows = curveRows(curve, first);
    const other = published[index];
    if (!other) return rows;
    const { layers, correlations } = other.profile;
    const depth = curve.profile.layers[curve.profile.layers.length - 1];
    return rows.map((row, i) => {
      const target = (curve.profile.layers[i] / depth) * layers[layers.length - 1];
      const distance = (candidate: number) => Math.abs(layers[candidate] - target);
      const nearest = layers.reduce((best, _, j) => (distance(j) < distance(best) ? j : best), 0);
      const theirs = correlations[nearest];
      return {
        ...row,
        published: other.label,
        "published layer": layers[nearest],
        "published ρ": theirs.coefficient,
        "published p": formatPValue(theirs.log10P),
        "published n": theirs.n,
        difference: curve.profile.correlations[i].coefficient - theirs.coefficient,
      };
    });
  });
}

function curveRows({ label, profile }: CorrelationCurve, first: CorrelationRow): CorrelationRow[] {
  return profile.correlations.map((correlation, i) => ({
    ...first,
    model: label,
    layer: profile.layers[i],
    ...correlationCells(correlation),
  }));
}

/** A correlation as columns of a table: coefficient, ends of the 95% interval, p, n. */
export function correlationCells({ coefficient, low, high, log10P, n }: Correlation): CorrelationRow {
  return { ρ: coefficient, "95% from": low, "95% to": high, p: formatPValue(log10P), n };
}

/** Where each model's correlation is strongest. `first`: columns in front. */
export function correlationPeakTable(
  curves: readonly CorrelationCurve[],
  first: CorrelationRow = {},
): CorrelationRow[] {
  return curves.map(({ label, profile }) => {
    const peak = correlationPeak(profile);
    return { ...first, model: label, "peak layer": peak.layer, depth: peak.depth, ...correlationCells(peak) };
  });
}

import { type Correlation, type CorrelationMethod, correlationOf } from "../statistics/correlation";
import { UserError } from "../support/errors";
import type { CorrelationProfile } from "./lossCorrelation";
import type { Profile } from "./profiles";
import { published } from "./published";

interface ByScaling<Values> {
  scalings: number[];
  value: Values[];
}

/** What this file reads of data/published/published.json. */
interface PublishedCorrelations {
  models: Record<string, { shuffled: { prompts: number } & Record<Statistic, ByScaling<number[]>> }>;
  smallModels: Record<string, { prompts: number; pearsonLogIdLoss: ByScaling<number[]> }>;
  digitized: Record<string, Record<string, (number | null)[]>>;
  llamaLogits: {
    prompts: number;
    contextualEntropy: number[];
    loss: number[];
    logitsIntrinsicDimension: ByScaling<number[]>;
    pearsonLogIdEntropy: ByScaling<number>;
    pearsonEntropyLoss: number;
  };
  table1: { model: string; statistic: string; rows: PublishedTableRow[] };
}

type Statistic = "pearsonLogIdLoss" | "spearmanIdLoss";

const STATISTICS: Record<CorrelationMethod, Statistic> = { pearson: "pearsonLogIdLoss", spearman: "spearmanIdLoss" };

function data(): PublishedCorrelations {
  return published() as unknown as PublishedCorrelations;
}

/** Models with a published correlation by layer: the paper's three (50 prompts), then the smaller ones (2244 prompts). */
export function publishedCorrelationModels(): string[] {
  return [...Object.keys(data().models), ...Object.keys(data().smallModels)];
}

/**
 * Published correlation between ID and loss by layer, computed from the authors' arrays: of 50 prompts for the paper's
 * models, of 2244 for GPT-2 and Pythia-160M. p-values and intervals follow from the coefficients and n.
 *
 * @param model one of {@link publishedCorrelationModels}
 * @param scaling range scaling n2: 2, 4 or 8
 * @throws UserError naming what there is, if it is not there
 */
export function publishedLossCorrelation(
  model: string,
  scaling: number,
  method: CorrelationMethod = "pearson",
): CorrelationProfile {
  const { models, smallModels } = data();
  const ofPaper = Object.hasOwn(models, model) ? models[model].shuffled : undefined;
  const small = Object.hasOwn(smallModels, model) ? smallModels[model] : undefined;
  const curves = ofPaper?.[STATISTICS[method]] ?? (method === "pearson" ? small?.pearsonLogIdLoss : undefined);
  if (!curves) {
    const known = method === "pearson" ? publishedCorrelationModels() : Object.keys(models);
    throw new UserError(`no published ${method} correlation of "${model}"; there are those of ${known.join(", ")}`);
  }
  const n = (ofPaper ?? small!).prompts;
  const values = atScaling(curves, scaling);
  return {
    layers: values.map((_, i) => i + 1),
    correlations: values.map((coefficient) => correlationOf(method, coefficient, n)),
  };
}

function atScaling<Values>({ scalings, value }: ByScaling<Values>, scaling: number): Values {
  const index = scalings.indexOf(scaling);
  if (index >= 0) return value[index];
  throw new UserError(`no published correlation at range scaling ${scaling}; there are ${scalings.join(", ")}`);
}

const DIGITIZED: Record<number, string> = { 2: "pearsonIdLossScaling2", 4: "pearsonLogIdLossScaling4" };

/**
 * The same curve over all 2244 prompts, read off the paper's printed figure (about +-0.01; NaN where a marker is hidden);
 * undefined where there is none: other scalings than 2 and 4, other models than the paper's.
 */
export function digitizedLossCorrelation(model: string, scaling: number): Profile | undefined {
  const values = data().digitized[DIGITIZED[scaling]]?.[model];
  return values && { layers: values.map((_, i) => i + 1), values: values.map((value) => value ?? Number.NaN) };
}

/** One point a prompt: what Figures 7 and 18 show. All arrays are equally long. */
export interface LogitScatter {
  /** Nats. */
  entropy: number[];
  /** Nats. */
  loss: number[];
  /** Range scalings n2 and, for each, the intrinsic dimension of every prompt's logits. */
  scalings: number[];
  dimension: number[][];
}

/** Published values of Llama-3-8B, 2244 prompts. */
export function publishedLogits(): LogitScatter {
  const { contextualEntropy, loss, logitsIntrinsicDimension } = data().llamaLogits;
  const { scalings, value } = logitsIntrinsicDimension;
  return { entropy: contextualEntropy, loss, scalings, dimension: value };
}

/**
 * Published Pearson correlations of Llama-3-8B over 2244 prompts, from the unrounded values: between the log ID of the
 * logits and the contextual entropy (undefined at other scalings than 2 to 64), and between entropy and loss.
 */
export function publishedLogitCorrelations(scaling: number): {
  dimensionEntropy: Correlation | undefined;
  entropyLoss: Correlation;
} {
  const { prompts, pearsonLogIdEntropy, pearsonEntropyLoss } = data().llamaLogits;
  const rho = pearsonLogIdEntropy.value[pearsonLogIdEntropy.scalings.indexOf(scaling)];
  return {
    dimensionEntropy: rho === undefined ? undefined : correlationOf("pearson", rho, prompts),
    entropyLoss: correlationOf("pearson", pearsonEntropyLoss, prompts),
  };
}

/** A row of the paper's Table 1. */
export interface PublishedTableRow {
  /** Each prompt a point, or each token. */
  level: "prompt" | "token";
  estimator: string;
  rho: number;
  /** As printed. */
  p: string;
}

/** Table 1: Spearman's rho between intrinsic dimension and loss, OPT-6.7B. */
export function publishedTable1(): PublishedTableRow[] {
  return data().table1.rows;
}

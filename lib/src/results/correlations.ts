import { UserError } from "../machine/support/errors";
import { type Band, bootstrapBand } from "../statistics/bootstrap";
import {
  type CorrelationMethod,
  correlate,
  correlationOf,
  linearCoefficient,
  rankCoefficient,
} from "../statistics/correlation";
import { curveKey } from "./means";
import { columnsOf, type PublishedOptions } from "./published";
import { entryOf, publishedFile, valueAt } from "./publishedFiles";
import { type CorrelationRow, groupRows, isPublished, type Row, refuseNamesakes } from "./row";
import { readSource } from "./study";

export interface CorrelationOptions {
  /** "pearson" by default. Spearman's rho is the same with and without the logarithm. */
  method?: CorrelationMethod;
  /** What is done to the first of each pair before: Math.log of dimensions. */
  transform?: (value: number) => number;
  /** The 95% interval: "fisher", by his transformation (default), or "bootstrap", by drawing the prompts anew 1000 times. */
  band?: string;
  /** Of the draws. */
  seed?: string;
}

/**
 * Correlations over prompts between two quantities, of each model and order: at each layer where the first has them.
 *
 * @param first rows of the dimension, say, at each layer
 * @param second rows of the loss, say: of the same prompts, one each
 * @throws UserError if there is no second value to a first, two models have one name, or `band` is another word
 * @see arXiv 2501.10573, Figures 6, 17 and 20
 * @example
 * const [dimensions, losses] = (["logitsIntrinsicDimension", "loss"] as const).map((quantity) =>
 *   published(quantity, 2, { models: ["Llama-3-8B"] }),
 * );
 * const [{ coefficient, n }] = correlations(dimensions, losses, { transform: Math.log });
 * [coefficient, n]; // [0.4265, 2244]
 */
export function correlations(
  first: readonly Row[],
  second: readonly Row[],
  options: CorrelationOptions = {},
): CorrelationRow[] {
  const { method = "pearson", transform = (value) => value, band = "fisher", seed } = options;
  if (band !== "fisher" && band !== "bootstrap") throw new UserError(`unknown band "${band}"; write fisher, bootstrap`);
  refuseNamesakes([...first, ...second]);
  const promptKey = (row: Row) => JSON.stringify([isPublished(row), row.model, row.shuffle, row.prompt]);
  const partners = new Map(second.map((row) => [promptKey(row), row.value]));
  const partnerOf = (row: Row): number => {
    const partner = partners.get(promptKey(row));
    if (partner !== undefined) return partner;
    throw new UserError(`${row.model}, ${row.prompt}: ${row.quantity} without a partner to correlate it with`);
  };
  return groupRows(first, (row) => curveKey({ ...row, prompt: null })).flatMap((curve) => {
    const layers = groupRows(curve, ({ layer }) => layer);
    const pairs = layers.map((rows): Pairs => [rows.map(({ value }) => transform(value)), rows.map(partnerOf)]);
    const bootstrapped = band === "bootstrap" ? bandOf(pairs, method, seed) : undefined;
    return layers.map(([{ prompt, value, error, ...columns }], i): CorrelationRow => {
      const correlation = correlate(...pairs[i], method);
      const hasBand = bootstrapped && Number.isFinite(correlation.low);
      const interval = hasBand && { low: bootstrapped.low[i], high: bootstrapped.high[i] };
      return { ...columns, ...correlation, ...interval };
    });
  });
}

type Pairs = [first: number[], second: number[]];

/**
 * How far the coefficients would move with other prompts: their percentile bootstrap band. Unlike Fisher's interval it does
 * not take the values to be normal. Where that has no end (see {@link fisherInterval}), draws have none either: of three prompts all
 * that differ from one another are on a line, and those of a perfect line or order are as perfect.
 */
function bandOf(layers: readonly Pairs[], method: CorrelationMethod, seed?: string): Band {
  const coefficient = method === "pearson" ? linearCoefficient : rankCoefficient;
  const finite = layers.map(([x, y]) => x.map((value, i) => Number.isFinite(value) && Number.isFinite(y[i])));
  const statistic = (drawn: Int32Array) =>
    layers.map(([x, y], layer) => {
      const chosen = Array.from(drawn).filter((i) => finite[layer][i]);
      return coefficient(
        chosen.map((i) => x[i]),
        chosen.map((i) => y[i]),
      );
    });
  return bootstrapBand(Math.max(...layers.map(([x]) => x.length)), statistic, { seed });
}

const STATISTICS = { pearson: "pearsonLogIdLoss", spearman: "spearmanIdLoss" } as const;
const DIGITIZED: Record<number, string> = { 2: "pearsonIdLossScaling2", 4: "pearsonLogIdLossScaling4" };

/**
 * Published correlations between dimension and loss by layer, computed from the authors' arrays: of 50 prompts for the paper's
 * models, of 2244 for GPT-2 and Pythia-160M (Pearson's of the log dimension only). p-values and intervals follow from the coefficients
 * and n. With Pearson's correlation also what was read off the printed figures over 2244 prompts (about ±0.01; see `note`), where there is such.
 *
 * @param scaling range scaling n2: 2, 4 or 8
 * @throws UserError naming what there is, if it is not there
 * @example
 * const [{ layer, coefficient, n }] = publishedCorrelations(2, { models: ["Llama-3-8B"] });
 * [layer, coefficient, n]; // [1, 0.4492, 50]
 */
export function publishedCorrelations(
  scaling: number,
  { models, source = "both", method = "pearson" }: PublishedOptions & { method?: CorrelationMethod },
): CorrelationRow[] {
  if (!readSource(source).published) return [];
  const { models: large, smallModels } = publishedFile();
  const curves = Object.fromEntries([
    ...Object.entries(large).map(
      ([name, { shuffled }]) => [name, { n: shuffled.prompts, curve: shuffled[STATISTICS[method]] }] as const,
    ),
    ...Object.entries(method === "pearson" ? smallModels : {}).map(
      ([name, { prompts: n, pearsonLogIdLoss: curve }]) => [name, { n, curve }] as const,
    ),
  ]);
  return models.flatMap((model) => {
    const { n, curve } = entryOf(curves, model, `${method} correlation`);
    const values = valueAt(curve.scalings, curve.value, scaling, "correlation at range scaling");
    const rows = values.map((coefficient, i): CorrelationRow => {
      return {
        ...columnsOf(model, "intrinsicDimension", 0, scaling, i, values.length),
        ...correlationOf(method, coefficient, n),
      };
    });
    return [...rows, ...(method === "pearson" ? readOffCorrelations(model, scaling) : [])];
  });
}

/**
 * What was read off a printed figure of a model; none where there is no such. Also OPT-6.7B's at n2 = 4.
 *
 * @example
 * const [{ layer, coefficient, note }] = readOffCorrelations("OPT-6.7B", 4);
 * [layer, coefficient, note]; // [1, 0.486, "read off the printed figure"]
 */
export function readOffCorrelations(model: string, scaling: number): CorrelationRow[] {
  const values = publishedFile().digitized[DIGITIZED[scaling]]?.[model] ?? [];
  return values.flatMap((coefficient, i): CorrelationRow[] => {
    const columns = columnsOf(model, "intrinsicDimension", 0, scaling, i, values.length);
    return coefficient === null
      ? []
      : [{ ...columns, ...printed("pearson", coefficient), note: "read off the printed figure" }];
  });
}

/**
 * Table 1: Spearman's rho between intrinsic dimension and loss of OPT-6.7B. It does not say at which layer.
 *
 * @example
 * const [{ label, coefficient }] = publishedTable1();
 * [label, coefficient]; // ["prompt, ESS", 0.51]
 */
export function publishedTable1(): CorrelationRow[] {
  const { model, rows } = publishedFile().table1;
  return rows.map(({ level, estimator, rho, p }) => {
    return {
      ...columnsOf(model, "intrinsicDimension", 0),
      ...printed("spearman", rho),
      label: `${level}, ${estimator}`,
      note: `Table 1: p ${p}`,
    };
  });
}

/** A coefficient without what else belongs to it. */
function printed(method: CorrelationMethod, coefficient: number) {
  const [n, p, log10P, low, high] = new Array<number>(5).fill(Number.NaN);
  return { method, coefficient, n, p, log10P, low, high };
}

/**
 * Published Pearson correlations of Llama-3-8B over 2244 prompts, from the unrounded values: between the log dimension of the
 * logits and the contextual entropy (NaN at other scalings than 2 to 64), and between entropy and loss.
 *
 * @example publishedLogitCorrelations(2); // { dimensionEntropy: 0.4274, entropyLoss: 0.9947 }
 */
export function publishedLogitCorrelations(scaling: number): { dimensionEntropy: number; entropyLoss: number } {
  const { pearsonLogIdEntropy, pearsonEntropyLoss } = publishedFile().llamaLogits;
  const { scalings, value } = pearsonLogIdEntropy;
  return { dimensionEntropy: value[scalings.indexOf(scaling)] ?? Number.NaN, entropyLoss: pearsonEntropyLoss };
}

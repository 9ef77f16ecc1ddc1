import { mean, standardDeviation } from "simple-statistics";
import { UserError } from "../machine/support/errors";
import {
  type AnyRow,
  groupRows,
  isPublished,
  type MeanRow,
  numberOf,
  type Row,
  refuseNamesakes,
  SOURCE,
  type TidyColumns,
} from "./row";

/** What makes a curve over the layers: of one model, in one order, of one quantity at one parameter, ours or the authors'. */
export function curveKey(row: TidyColumns & { prompt?: string | null }): string {
  const { model, shuffle, quantity, parameter, prompt } = row;
  return JSON.stringify([isPublished(row), model, shuffle, quantity, parameter, prompt]);
}

/** The first of the origins that rows have: a mean of computed and of stored numbers counts as computed. */
function originOf(rows: readonly Row[]): Row["origin"] {
  return (
    (["computed", "store", "recorded"] as const).find((origin) => rows.some((row) => row.origin === origin)) ??
    "published"
  );
}

/** Mean and population standard deviation (ddof 0, as in the paper); a single value has no deviation, none have no mean. */
export function momentsOf(values: readonly number[]): Pick<MeanRow, "mean" | "sd" | "n"> {
  const n = values.length;
  return { mean: n > 0 ? mean(values) : Number.NaN, sd: n > 1 ? standardDeviation(values) : Number.NaN, n };
}

/**
 * Mean and population standard deviation (ddof 0, as in the paper) over prompts, of each model, order, layer, quantity and parameter.
 * A number that is missing leaves its layer without a mean; a single prompt has no standard deviation.
 *
 * @throws UserError if there is a prompt twice, or two studies have different models of one name: rows of two studies are to be
 *   averaged each by themselves
 * @example
 * const [{ mean, sd, n }] = meanOverPrompts(published("loss", undefined, { models: ["Llama-3-8B"] }));
 * [mean, sd, n]; // [1.832, 0.59, 2244]
 */
export function meanOverPrompts(rows: readonly Row[]): MeanRow[] {
  refuseNamesakes(rows);
  const groups = groupRows(rows, (row) => `${curveKey({ ...row, prompt: null })}|${row.layer}`);
  return groups.map((group): MeanRow => {
    const [{ model, shuffle, layer, depth, quantity, parameter, [SOURCE]: source }] = group;
    if (new Set(group.map(({ prompt }) => prompt)).size < group.length)
      throw new UserError(
        `${model}, ${quantity}, layer ${layer}: a prompt is there twice; take the mean of each study`,
      );
    const moments = momentsOf(group.map(({ value }) => value));
    return { origin: originOf(group), model, shuffle, layer, depth, quantity, parameter, ...moments, [SOURCE]: source };
  });
}

/**
 * The first row of each curve that is highest in it; of means over prompts, or of single prompts. A curve without a number has no
 * peak, nor has one that is the same at every layer.
 *
 * @example
 * const means = publishedMeans("intrinsicDimension", 2, { models: ["Llama-3-8B"] });
 * peaks(means).map(({ shuffle, layer }) => [shuffle, layer]); // [[0, 13], [5, 10]]
 */
export function peaks<R extends MeanRow | Row>(rows: readonly R[]): R[] {
  refuseNamesakes(rows);
  return groupRows(rows, curveKey).flatMap((curve) => highest(curve).slice(0, 1));
}

/**
 * The rows of a curve that are higher than the others: one, or several that are equally high; none if no row has a number,
 * or all have the same.
 *
 * @param height what is compared, of a row's number: Math.abs for the strongest correlation
 */
export function highest<R extends AnyRow>(curve: readonly R[], height = (value: number) => value): R[] {
  const numbered = curve.filter((row) => Number.isFinite(numberOf(row)));
  const most = numbered.reduce((so, row) => Math.max(so, height(numberOf(row))), Number.NEGATIVE_INFINITY);
  const found = numbered.filter((row) => height(numberOf(row)) === most);
  return found.length === numbered.length && found.length > 1 ? [] : found;
}

/** By how much a prompt's peak is higher at the last shuffle index than at the first; NaN if one of both does not exist. */
export interface Rise {
  origin: Row["origin"];
  model: string;
  prompt: string | null;
  first: number;
  last: number;
  rise: number;
}

/**
 * The rise of each prompt's peak from the first shuffle index to the last.
 *
 * @example
 * const [{ prompt, first, last, rise }] = rises(published("intrinsicDimension", 2, { models: ["Llama-3-8B"] }));
 * [prompt, first, last, rise]; // ["prompt 3218", 9.599, 15.89, 6.291]
 */
export function rises(rows: readonly Row[]): Rise[] {
  const prompts = groupRows(rows, (row) => JSON.stringify([isPublished(row), row.model, row.prompt]));
  return prompts.map((group): Rise => {
    const [{ model, prompt }] = group;
    const heights = groupRows(group, curveKey).map((curve) => largest(curve.map(({ value }) => value)));
    const [first, last] = [heights[0], heights.length > 1 ? heights[heights.length - 1] : Number.NaN];
    return { origin: originOf(group), model, prompt, first, last, rise: last - first };
  });
}

/** NaN where there is none. */
function largest(values: readonly number[]): number {
  return values.filter(Number.isFinite).reduce((most, value) => (value < most ? most : value), Number.NaN);
}

/**
 * How many of the values of each model and order lie in bins of a width, from the first bin with one to the last: rows of
 * no prompt whose parameter is where a bin begins.
 *
 * @example
 * const losses = published("loss", undefined, { models: ["Llama-3-8B"] });
 * histogram(losses, 1).map(({ parameter, value }) => [parameter, value]); // [[0, 207], [1, 1096], [2, 914], [3, 23], [4, 4]]
 */
export function histogram(rows: readonly Row[], width: number): Row[] {
  refuseNamesakes(rows);
  return groupRows(rows, (row) => curveKey({ ...row, prompt: null })).flatMap((group) => {
    const bins = group.map(({ value }) => Math.floor(value / width)).filter(Number.isFinite);
    const first = Math.min(...bins);
    return Array.from({ length: Math.max(...bins) - first + 1 }, (_, i): Row => {
      const value = bins.filter((bin) => bin === first + i).length;
      const [{ quantity }] = group;
      return {
        ...group[0],
        quantity: `${quantity}Count` as Row["quantity"],
        prompt: null,
        parameter: (first + i) * width,
        value,
        error: null,
      };
    });
  });
}

/**
 * The layer of a model of L layers that lies as deep as `layer` of the paper's models with 32.
 *
 * @example layerAsDeepAs(10, 12); // 4
 */
export function layerAsDeepAs(layer: number, layers: number, of = 32): number {
  return Math.max(1, Math.round((layer / of) * layers));
}

/**
 * The rows at the layers nearest to relative depths, depth by depth in each curve: 0.5 of 12 layers is layer 6. The first layer is 1.
 *
 * @example
 * const means = publishedMeans("intrinsicDimension", 2, { models: ["Llama-3-8B"], shuffles: [0] });
 * atDepths(means, [0, 0.5, 1]).map(({ layer }) => layer); // [1, 16, 32]
 */
export function atDepths<R extends Row | MeanRow>(rows: readonly R[], depths: readonly number[]): R[] {
  refuseNamesakes(rows);
  return groupRows(rows, curveKey).flatMap((curve) => {
    const layers = Math.max(...curve.map(({ layer }) => layer ?? 0));
    return depths.flatMap((depth) => {
      const wanted = Math.min(layers, Math.max(1, Math.round(depth * layers)));
      return curve.filter(({ layer }) => layer === wanted);
    });
  });
}

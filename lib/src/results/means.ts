import { mean, standardDeviation } from "simple-statistics";
import { UserError } from "../machine/support/errors";
import { groupRows, isPublished, type MeanRow, type Row, refuseNamesakes, SOURCE, type TidyColumns } from "./row";

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

/**
 * Mean and population standard deviation (ddof 0, as in the paper) over prompts, of each model, order, layer, quantity and parameter.
 * A number that is missing leaves its layer without a mean.
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
    const values = group.map(({ value }) => value);
    const moments = { mean: mean(values), sd: standardDeviation(values), n: values.length };
    return { origin: originOf(group), model, shuffle, layer, depth, quantity, parameter, ...moments, [SOURCE]: source };
  });
}

/**
 * The first row of each curve that is highest in it; of means over prompts, or of single prompts.
 *
 * @example
 * const means = publishedMeans("intrinsicDimension", 2, { models: ["Llama-3-8B"] });
 * peaks(means).map(({ shuffle, layer }) => [shuffle, layer]); // [[0, 13], [5, 10]]
 */
export function peaks<R extends MeanRow | Row>(rows: readonly R[]): R[] {
  refuseNamesakes(rows);
  return groupRows(rows, curveKey).map((curve) => highest(curve, heightOf));
}

const heightOf = (row: MeanRow | Row): number => ("mean" in row ? row.mean : row.value);

/** The first row with the largest height; one without a height is none. */
export function highest<R>(rows: readonly R[], height: (row: R) => number): R {
  return rows.reduce((best, row) => (height(row) > height(best) || Number.isNaN(height(best)) ? row : best));
}

/** By how much a prompt's peak is higher at the last shuffle index than at the first. */
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
  const prompts = groupRows(peaks(rows), (row) => JSON.stringify([isPublished(row), row.model, row.prompt]));
  return prompts.map((group) => {
    const [{ origin, model, prompt, value: first }] = group;
    const last = group[group.length - 1].value;
    return { origin, model, prompt, first, last, rise: last - first };
  });
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

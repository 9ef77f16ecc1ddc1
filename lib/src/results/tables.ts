import { whyNone } from "../statistics/correlation";
import { formatPValue } from "../statistics/significance";
import { curveKey, highest, momentsOf, type Rise } from "./means";
import {
  type AnyRow,
  type CorrelationRow,
  distinct,
  groupRows,
  isMean,
  isPublished,
  type MeanRow,
  numberOf,
  type Row,
  refuseNamesakes,
} from "./row";

/** A row of a table for readers, column by column. */
export type TableRow = Record<string, string | number | null>;

/** How a parameter is called: "n2" of dimensions, "k" of overlaps. */
export function parameterName({ quantity }: Pick<Row, "quantity">): string {
  return quantity === "neighborhoodOverlap" ? "k" : "n2";
}

/** A column of the parameter, where rows differ in it. */
function parameterColumn(
  rows: readonly (MeanRow | Row | CorrelationRow)[],
): (row: MeanRow | Row | CorrelationRow) => TableRow {
  const unlabelled = rows.filter((row) => !("label" in row)); // A label says it otherwise.
  const differ = distinct(unlabelled, ({ parameter }) => parameter).length > 1;
  return (row) => (differ ? { [parameterName(row)]: row.parameter } : {});
}

/** The row of a curve that is nearest in relative depth. */
function atSameDepth<R extends { depth: number | null }>(curve: readonly R[], depth: number | null): R {
  const distance = (row: R) => Math.abs((row.depth ?? 0) - (depth ?? 0));
  return curve.reduce((best, row) => (distance(row) < distance(best) ? row : best));
}

/**
 * Our means beside the published ones, layer by layer: the first model beside the first published one and so on, the same
 * parameter and the same shuffle index; the last index, if it is not published, beside the published full permutation, and a column
 * says so. A layer is held against the published layer at the nearest relative depth. Where only one side is there, its own
 * numbers are listed.
 *
 * @param rows ours and the published ones
 * @example
 * const rows = await study({ models: ["smollm2-135m"], promptCount: 2, shuffles: [0] });
 * const means = meanOverPrompts(rows.of("intrinsicDimension", 2));
 * const [row] = deviations([...means, ...publishedMeans("intrinsicDimension", 2, { models: ["Llama-3-8B"] })]);
 * [row.layer, row.ours, row["published layer"], row.published]; // [1, 1.642, 1, 3.061]
 */
export function deviations(rows: readonly MeanRow[]): TableRow[] {
  refuseNamesakes(rows);
  const ours = rows.filter((row) => !isPublished(row));
  const published = rows.filter(isPublished);
  const parameterOf = parameterColumn(rows);
  if (ours.length === 0 || published.length === 0) return rows.map((row) => ownColumns(row, parameterOf(row)));
  const [models, others] = [ours, published].map((side) => distinct(side, ({ model }) => model));
  const lastShuffles = [ours, published].map((side) => Math.max(...side.map(({ shuffle }) => shuffle)));
  const byParameter = groupRows(ours, ({ parameter }) => parameter).flat();
  return groupRows(byParameter, curveKey).flatMap((curve) => {
    const [{ model, shuffle, parameter }] = curve;
    const other = others[Math.min(models.indexOf(model), others.length - 1)];
    const theirs = published.filter((row) => row.model === other && row.parameter === parameter);
    const same = theirs.filter((row) => row.shuffle === shuffle);
    const isLast = shuffle === lastShuffles[0];
    const counterpart = same.length > 0 || !isLast ? same : theirs.filter((row) => row.shuffle === lastShuffles[1]);
    return curve.map((row): TableRow => {
      if (counterpart.length === 0) return ownColumns(row, parameterOf(row));
      const beside = atSameDepth(counterpart, row.depth);
      return {
        ...parameterOf(row),
        model,
        S: shuffle,
        layer: row.layer,
        ours: row.mean,
        "our sd": row.sd,
        "published layer": beside.layer,
        published: beside.mean,
        "published sd": beside.sd,
        difference: row.mean - beside.mean,
        n: row.n,
        "published n": beside.n,
        ...(beside.shuffle === shuffle ? {} : { "published S": beside.shuffle }),
      };
    });
  });
}

function ownColumns({ origin, model, shuffle, layer, mean, sd, n }: MeanRow, first: TableRow): TableRow {
  return { ...first, origin, model, S: shuffle, layer, mean, sd, n };
}

/**
 * Where a curve is highest, as columns: the first such layer, and others that are as high. Of a curve without a peak the place is
 * empty, and a column says why.
 */
function peakColumns<R extends AnyRow>(
  curve: readonly R[],
  columns: (row: R) => TableRow,
  { name = "layer", height }: { name?: string; height?: (value: number) => number } = {},
): TableRow {
  const [row, ...others] = highest(curve, height);
  if (row) {
    const tied = others.length > 0 && { "as high at": others.map(({ layer }) => layer).join(", ") };
    return { [name]: row.layer, depth: row.depth, ...columns(row), ...tied };
  }
  const flat = curve.find((one) => Number.isFinite(numberOf(one)));
  const why = flat ? "the same at every layer" : "no layer has a number";
  return { [name]: null, depth: null, ...columns(flat ?? curve[0]), "no peak": why };
}

/**
 * Where each curve is highest: of means over prompts layer, relative depth, height, sd and n, of single prompts without the last two.
 * Columns besides say where other layers are as high, and why there is no peak.
 *
 * @example
 * const [{ S, layer, height }] = peakTable(publishedMeans("intrinsicDimension", 2, { models: ["Llama-3-8B"] }));
 * [S, layer, height]; // [0, 13, 9.55]
 */
export function peakTable(rows: readonly MeanRow[] | readonly Row[]): TableRow[] {
  const parameterOf = parameterColumn(rows);
  return groupRows<MeanRow | Row>(rows, curveKey).map((curve): TableRow => {
    const [first] = curve;
    const { origin, model, shuffle: S } = first;
    const prompt: TableRow = isMean(first) ? {} : { prompt: first.prompt };
    const peak = peakColumns(curve, (row): TableRow => {
      return isMean(row) ? { height: row.mean, sd: row.sd, n: row.n } : { height: row.value };
    });
    return { ...parameterOf(first), origin, model, ...prompt, S, ...peak };
  });
}

/**
 * Mean peaks and mean rise over the prompts of each model, with the standard deviation of the rise. Prompts without a rise, because
 * a dimension does not exist or there is one order only, are left out of all, and counted.
 *
 * @example
 * const [row] = riseTable(rises(published("intrinsicDimension", 2, { models: ["Llama-3-8B"], prompts: [3218, publishedPromptRows()[0]] })));
 * [row["peak higher when shuffled"], row["mean rise"]]; // ["2 of 2", 3.8655]
 */
export function riseTable(rises: readonly Rise[]): TableRow[] {
  return groupRows(rises, ({ origin, model }) => `${origin}|${model}`).map((group) => {
    const known = group.filter(({ rise }) => Number.isFinite(rise));
    const { mean, sd, n } = momentsOf(known.map(({ rise }) => rise));
    return {
      origin: group[0].origin,
      model: group[0].model,
      "peak higher when shuffled": n > 0 ? `${known.filter(({ rise }) => rise > 0).length} of ${n}` : null,
      "mean first peak": momentsOf(known.map(({ first }) => first)).mean,
      "mean last peak": momentsOf(known.map(({ last }) => last)).mean,
      "mean rise": mean,
      "sd of the rise": sd,
      n,
      ...(n < group.length ? { "without a rise": group.length - n } : {}),
    };
  });
}

/**
 * A correlation as columns of a table: coefficient, ends of the 95% interval, p, n. Where there is none, p says why.
 *
 * @example
 * const { ρ, p, n } = correlationColumns(pearson([1, 2, 3, 4], [2, 4, 5, 4]));
 * [ρ, p, n]; // [0.7182, "0.28", 4]
 */
export function correlationColumns({
  coefficient,
  low,
  high,
  log10P,
  n,
}: Pick<CorrelationRow, "coefficient" | "low" | "high" | "log10P" | "n">): TableRow {
  const p = Number.isNaN(coefficient) ? whyNone({ n }) : formatPValue(log10P);
  return { ρ: coefficient, "95% from": low, "95% to": high, p, n };
}

/**
 * Our correlations beside the published ones, layer by layer, as {@link deviations}. A model without a counterpart is listed
 * alone; without any of ours, the published ones are. What was read off figures is left out.
 *
 * @example
 * const [row] = correlationTable(publishedCorrelations(2, { models: ["Llama-3-8B"] }));
 * [row.layer, row.ρ, row.p]; // [1, 0.4492, "0.0011"]
 */
export function correlationTable(rows: readonly CorrelationRow[]): TableRow[] {
  refuseNamesakes(rows);
  const computed = rows.filter(({ note }) => note === undefined);
  const ours = computed.filter((row) => !isPublished(row));
  const published = computed.filter(isPublished);
  const parameterOf = parameterColumn(computed);
  const shown = ours.length > 0 ? ours : published;
  const [models, others] = [ours, published].map((side) => distinct(side, ({ model }) => model));
  return correlationCurves(shown).flatMap((curve) => {
    const other = ours.length > 0 ? others[models.indexOf(curve[0].model)] : undefined;
    const counterpart = published.filter(({ model, parameter }) => model === other && parameter === curve[0].parameter);
    return curve.map((row): TableRow => {
      const own = { ...parameterOf(row), ...nameOf(row), layer: row.layer, ...correlationColumns(row) };
      if (counterpart.length === 0) return own;
      const beside = atSameDepth(counterpart, row.depth);
      return {
        ...own,
        published: beside.model,
        "published layer": beside.layer,
        "published ρ": beside.coefficient,
        "published p": formatPValue(beside.log10P),
        "published n": beside.n,
        difference: row.coefficient - beside.coefficient,
      };
    });
  });
}

/**
 * Where each curve's correlation is largest. What was read off figures is left out.
 *
 * @example
 * const [row] = correlationPeakTable(publishedCorrelations(2, { models: ["Llama-3-8B"] }));
 * [row["peak layer"], row.ρ, row.p]; // [7, 0.7683, "7.4e-11"]
 */
export function correlationPeakTable(rows: readonly CorrelationRow[]): TableRow[] {
  const computed = rows.filter(({ note }) => note === undefined);
  const parameterOf = parameterColumn(computed);
  return correlationCurves(computed).map((curve) => {
    const peak = peakColumns(curve, correlationColumns, { name: "peak layer" });
    return { ...parameterOf(curve[0]), ...nameOf(curve[0]), ...peak };
  });
}

const correlationCurves = (rows: readonly CorrelationRow[]): CorrelationRow[][] =>
  groupRows(rows, (row) => `${curveKey(row)}|${row.label}`);

const nameOf = ({ origin, model, label }: CorrelationRow): TableRow => ({
  origin,
  model,
  ...(label ? { estimator: label } : {}),
});

/**
 * Table 1: ours, at the layer where the correlation is strongest (whatever its sign), beside the published value of the same
 * level and estimator.
 *
 * @param rows with labels: ours of one model, and those of publishedTable1
 * @example
 * const [row] = table1(publishedTable1());
 * [row.level, row.estimator, row["published ρ"], row["published p"]]; // ["prompt", "ESS", 0.51, "0.01"]
 */
export function table1(rows: readonly CorrelationRow[]): TableRow[] {
  const published = rows.filter((row) => isPublished(row) && row.layer === null);
  const ours = correlationCurves(rows.filter((row) => !isPublished(row)));
  return distinct([...published, ...ours.flat()], ({ label }) => label).map((label = "") => {
    const other = published.find((row) => row.label === label);
    const curve = ours.find(([row]) => row.label === label);
    const { depth, ...own } = curve
      ? peakColumns(curve, correlationColumns, { name: "at layer", height: Math.abs })
      : {};
    const [level, estimator] = label.split(", ");
    return {
      level,
      estimator,
      ...own,
      ...(other
        ? { "published ρ": other.coefficient, "published p": (other.note ?? "").replace("Table 1: p ", "") }
        : {}),
      ...(curve && other ? { difference: Number(own.ρ) - other.coefficient } : {}),
    };
  });
}

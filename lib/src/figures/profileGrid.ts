import type { FigureParts, PlotlyTrace } from "../machine/render/figure";
import { curveKey } from "../results/means";
import { type AnyRow, distinct, groupRows, isMean, isPublished, isValue, type MeanRow, type Row } from "../results/row";
import { meansInWords, modelInWords, originInWords, parametersInWords, promptsInWords } from "../results/wording";
import { inColumns, inRows, type Panel, panelGrid } from "./grid";
import { type MeanBand, type ModelLook, meanBandTraces, modelLooks, shuffleColor, symbolOf } from "./style";

/** What profiles are drawn of: single prompts, and means over prompts. */
export type ProfileRow = Row | MeanRow;

/** Ours and the authors' rows, as far as there are some. */
export function sidesOf<R extends AnyRow>(rows: readonly R[]): R[][] {
  return groupRows(
    rows.toSorted((a, b) => Number(isPublished(a)) - Number(isPublished(b))),
    isPublished,
  );
}

/** The rows of each model, ours first. */
export function modelsOf<R extends AnyRow>(rows: readonly R[]): R[][] {
  return sidesOf(rows).flatMap((side) => groupRows(side, ({ model }) => model));
}

/** What rows are about, on a vertical axis: with the parameter, if it is one. */
export function quantityLabel(rows: readonly AnyRow[]): string {
  const { quantity } = rows[0];
  const parameters = parametersInWords(rows);
  const at = (name: string) => (parameters.includes(",") ? "" : ` (${name} = ${parameters})`);
  if (quantity === "intrinsicDimension") return `intrinsic dimension${at("n<sub>2</sub>")}`;
  return quantity === "neighborhoodOverlap" ? `neighborhood overlap${at("k")}` : "cosine similarity";
}

/** The largest shuffle index of rows; the color scale ends there. */
export const largestShuffle = (rows: readonly AnyRow[]): number => Math.max(...rows.map(({ shuffle }) => shuffle));

/** One curve of rows that are in it, by layer or by whatever is asked for. */
export function bandOf(
  rows: readonly ProfileRow[],
  x: (row: ProfileRow) => number = ({ layer }) => layer ?? 0,
): Pick<MeanBand, "x" | "mean" | "sd" | "n"> {
  const means = rows.filter(isMean);
  const [sd, n] = [means.map((row) => row.sd), means.map((row) => row.n)];
  return {
    x: rows.map(x),
    mean: rows.map((row) => (isMean(row) ? row.mean : row.value)),
    ...(means.length > 0 ? { sd, n } : { n: 1 }),
  };
}

/**
 * Curves over the layers, a color and a marker for each shuffle index, those of the largest dashed. Those of single prompts are
 * explained by a color bar, not by the legend.
 */
export function shuffleCurves(rows: readonly ProfileRow[], maximum: number, valueLabel: string): PlotlyTrace[] {
  return groupRows(rows, curveKey).flatMap((curve) => {
    const [{ shuffle }] = curve;
    const name = isMean(curve[0]) ? shuffleName(shuffle) : `S = ${shuffle}`;
    const look = shuffleLook(shuffle, maximum);
    return meanBandTraces({ ...bandOf(curve), name, ...look, valueLabel, showLegend: isMean(curve[0]) });
  });
}

/** Blue and orange, those of the ends of the scale, are equally light: the marker and the dash tell them apart in gray print. */
function shuffleLook(shuffle: number, maximum: number): ModelLook {
  const dash = shuffle > 0 && shuffle === maximum ? "dash" : "solid";
  return { color: shuffleColor(shuffle, maximum), symbol: symbolOf(shuffle), dash };
}

export const shuffleName = (shuffle: number): string =>
  shuffle === 0 ? "structured (S = 0)" : `shuffled (S = ${shuffle})`;

/** One curve a model: the prompts as written (S = 0). */
function modelCurves(
  rows: readonly ProfileRow[],
  valueLabel: string,
  looks: ReadonlyMap<string, ModelLook>,
): PlotlyTrace[] {
  const structured = rows.filter(({ shuffle }) => shuffle === 0);
  return groupRows(structured, curveKey).flatMap((curve) => {
    const look = looks.get(curve[0].model)!;
    const bandOpacity = isMean(curve[0]) ? { bandOpacity: 0.14 } : {};
    return meanBandTraces({ ...bandOf(curve), valueLabel, ...bandOpacity, ...look, name: curve[0].model });
  });
}

const looksOf = (rows: readonly ProfileRow[]) => modelLooks(distinct(rows, ({ model }) => model));

const promptsOf = (rows: readonly Row[]): string => distinct(rows, ({ prompt }) => prompt).join(", ");

/**
 * The paper's two-panel layout of Figures 2, 3 and 5, one row a model: left, one prompt at every shuffle index; right,
 * mean and standard deviation over prompts for the prompt as it is and for the full permutation.
 *
 * @param shapesOf what is drawn behind a model's right panel
 */
export function shuffledProfiles(
  rows: readonly ProfileRow[],
  shapesOf: (means: MeanRow[]) => Record<string, unknown>[] = () => [],
): FigureParts {
  const maximum = largestShuffle(rows);
  const label = quantityLabel(rows);
  const panels = modelsOf(rows).map((group): Panel[] => {
    const [single, means] = [group.filter(isValue), group.filter(isMean)];
    const model = modelInWords(group[0]);
    const meanTitle = `${model}: ${meansInWords(means)}`;
    const shapes = means.length > 0 ? shapesOf(means) : [];
    return [
      { title: `${model}: ${promptsOf(single)}`, marks: shuffleCurves(single, maximum, label) },
      { title: meanTitle, marks: shuffleCurves(means, maximum, label), shapes },
    ].filter(({ marks }) => marks.length > 0);
  });
  return panelGrid({
    rows: panels,
    xTitle: "layer",
    yTitle: label,
    panelWidth: 435,
    panelHeight: 330,
    gapX: 72,
    colorBar: maximum,
  });
}

/** Figure 9's form: a column a model; for ours and the published ones a row of one prompt and a row of the mean. */
export function shufflingByModel(rows: readonly ProfileRow[]): FigureParts {
  const maximum = largestShuffle(rows);
  const label = quantityLabel(rows);
  const panels = sidesOf(rows).flatMap((side, group): Panel[][] => {
    const columns = modelsOf(side).map((model): Panel[] => {
      const [single, means] = [model.filter(isValue), model.filter(isMean)];
      const name = modelInWords(model[0]);
      return [
        {
          title: `(a) ${name}: ${promptsOf(single)}`,
          marks: shuffleCurves(single, maximum, label),
          yGroup: `${group}a`,
        },
        {
          title: `(b) ${name}: ${promptsInWords(means)}`,
          marks: shuffleCurves(means, maximum, label),
          yGroup: `${group}b`,
        },
      ];
    });
    return inColumns(columns);
  });
  return panelGrid({ rows: panels, xTitle: "layer", yTitle: label, colorBar: maximum });
}

/** Figures 12's and 13's form: all models in a panel; left one prompt, right the mean; a row for ours and one for the published ones. */
export function modelProfiles(rows: readonly ProfileRow[]): FigureParts {
  const label = quantityLabel(rows);
  const looks = looksOf(rows);
  const panels = sidesOf(rows).map((side, yGroup): Panel[] => {
    const [single, means] = [side.filter(isValue), side.filter(isMean)];
    const meanTitle = `${originInWords(means)}: ${meansInWords(means)}`;
    return [
      { title: `${originInWords(single)}: ${promptsOf(single)}`, marks: modelCurves(single, label, looks), yGroup },
      { title: meanTitle, marks: modelCurves(means, label, looks), yGroup },
    ].filter(({ marks }) => marks.length > 0);
  });
  return panelGrid({ rows: panels, xTitle: "layer", yTitle: label, panelWidth: 480, panelHeight: 330 });
}

/**
 * Figures 10's and 11's form (the mean of one model, structured against shuffled) and Figures 15's and 16's (the mean of
 * several models): a panel for each parameter.
 *
 * @param curves what a panel shows
 */
export function parameterPanels(rows: readonly MeanRow[], curves: "shuffling" | "models"): FigureParts {
  const maximum = largestShuffle(rows);
  const label = quantityLabel(rows).replace(/ \(.*/, "");
  const name = rows[0].quantity === "neighborhoodOverlap" ? "k" : "n<sub>2</sub>";
  const looks = looksOf(rows);
  const groups = curves === "models" ? sidesOf(rows) : modelsOf(rows);
  const panels = groups.flatMap((group, yGroup) => {
    const ofGroup = groupRows(group, ({ parameter }) => parameter).map((means): Panel => {
      const who = curves === "models" ? originInWords(means) : modelInWords(means[0]);
      const marks = curves === "models" ? modelCurves(means, label, looks) : shuffleCurves(means, maximum, label);
      return { title: `${who}: ${name} = ${means[0].parameter}`, marks, yGroup };
    });
    return inRows(ofGroup, 3);
  });
  return panelGrid({ rows: panels, xTitle: "layer", yTitle: label });
}

import type { PlotlyTrace } from "../machine/render/figure";
import { atDepths } from "../results/means";
import { distinct, groupRows, isMean, isValue } from "../results/row";
import { modelInWords, promptsInWords } from "../results/wording";
import { inColumns, type Panel, panelGrid } from "./grid";
import { defineFigure } from "./paperFigure";
import { bandOf, modelsOf, type ProfileRow, sidesOf } from "./profileGrid";
import { formOf, meanBandTraces } from "./style";

/** From shallow to deep, dark to light; the forms say the same in gray and to color-blind readers. */
const DEPTH_COLORS = ["#332288", "#0072B2", "#009E73", "#D55E00", "#CC79A7", "#8C6D00"];

export interface ScaleOptions {
  /** Relative depths of the layers that are shown, above 0 up to 1. */
  depths?: readonly number[];
}

const DEPTHS = [0.1, 0.3, 0.5, 0.7, 1];

/**
 * Figure 14, of rows of intrinsicDimension at all range scalings n2 (on a logarithmic axis), a curve a layer, a column a model:
 * (a) a single prompt shuffled, (b) as written, (c) the means as written.
 */
export const figure14 = defineFigure<ProfileRow, ScaleOptions>({
  number: "14",
  title: "Intrinsic dimension against scale",
  notebook: "fig14-scale-analysis",
  caption: () =>
    "Intrinsic dimension (GRIDE) against the range scaling n2, at layers of several relative depths, a column a model. " +
    "(a) One prompt with its tokens shuffled, (b) the same prompt as written, (c) mean and standard deviation over " +
    "prompts as written. Bands of single prompts that are not published: standard error of the estimate.",
  draw: (rows, { depths = DEPTHS }) => {
    const panels = sidesOf(rows).flatMap((side, yGroup): Panel[][] => {
      const models = modelsOf(side).map((ofModel) => {
        const [single, means] = [ofModel.filter(isValue), ofModel.filter(isMean)];
        const shuffle = Math.max(...single.map((row) => row.shuffle));
        const shuffled = single.filter((row) => row.shuffle === shuffle);
        const written = single.filter((row) => row.shuffle === 0);
        const structured = means.filter((row) => row.shuffle === 0);
        const model = modelInWords(ofModel[0]);
        return [
          { title: `(a) ${model}, S = ${shuffle}`, marks: depthCurves(shuffled, depths), yGroup },
          { title: `(b) ${model}: ${single[0]?.prompt ?? ""}`, marks: depthCurves(written, depths), yGroup },
          { title: `(c) ${model}: ${promptsInWords(structured)}`, marks: depthCurves(structured, depths), yGroup },
        ];
      });
      return inColumns(models);
    });
    const ticks = distinct(rows, ({ parameter }) => parameter ?? 0).sort((a, b) => a - b);
    const xaxis = { type: "log", tickvals: ticks, ticktext: ticks.map(String) };
    return panelGrid({
      rows: panels.map((row) => row.map((panel) => ({ ...panel, xaxis }))),
      xTitle: "range scaling n<sub>2</sub>",
      yTitle: "intrinsic dimension",
      panelHeight: 270,
    });
  },
});

function depthCurves(rows: readonly ProfileRow[], depths: readonly number[]): PlotlyTrace[] {
  // A curve of one depth goes through the parameters, each of which has a curve through the layers.
  const scalings = groupRows(rows, ({ parameter }) => parameter);
  return depths.flatMap((depth, index) => {
    const curve = scalings.flatMap((ofScaling) => atDepths(ofScaling, [depth]));
    if (curve.length === 0) return [];
    const errors = curve.filter(isValue).map(({ error }) => error);
    return meanBandTraces({
      ...bandOf(curve, ({ parameter }) => parameter ?? 0),
      ...(errors.length > 0 && errors.every((error) => error !== null) ? { sd: errors } : {}),
      name: `relative depth ${depth}`,
      color: DEPTH_COLORS[index % DEPTH_COLORS.length],
      ...formOf(index),
      xLabel: "n2 =",
      valueLabel: `layer ${curve[0].layer}: dimension`,
      bandOpacity: 0.14,
    });
  });
}

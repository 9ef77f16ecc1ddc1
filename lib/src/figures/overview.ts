import type { GeometryReport } from "../geometry/geometryReport";
import type { Figure, PlotlyTrace } from "../machine/render/figure";
import { MODEL_COLORS, meanBandTraces, panelAxes, subplotLayout } from "./style";

/**
 * One prompt at a glance: intrinsic dimension with its standard error, cosine similarity, and neighborhood overlap, by
 * layer.
 *
 * @param report the layers of one prompt, from layer 0 on
 * @param subject what was measured, for the title and the caption
 * @example
 * const { hidden } = await (await loadModel("llama-mini")).run("The tide came in, and the gulls came in with the tide.");
 * const report = await geometryReport(hidden.map((cloud, layer) => ({ name: `${layer}`, cloud })));
 * overviewFigure(report, "gulls in llama-mini").data.length; // 4
 */
export function overviewFigure(report: GeometryReport, subject: string): Figure {
  const layers = report.clouds.map((_, layer) => layer);
  const estimates = report.clouds.map(({ intrinsicDimension }) => intrinsicDimension[0]);
  const panels = [
    {
      title: "intrinsic dimension ± error",
      x: layers.slice(1), // At layer 0 equal tokens coincide; the paper leaves it out.
      mean: estimates.slice(1).map((estimate) => estimate?.id ?? Number.NaN),
      sd: estimates.slice(1).map((estimate) => estimate?.error ?? Number.NaN),
      color: MODEL_COLORS.llama,
    },
    {
      title: "mean cosine similarity",
      x: layers,
      mean: report.clouds.map(({ cosineSimilarity }) => cosineSimilarity.mean),
      color: MODEL_COLORS.mistral,
    },
    {
      title: "overlap with next layer, k = 2",
      x: layers.slice(1, -1),
      mean: report.neighborhoodOverlap.slice(1).map(({ overlap }) => overlap[1].value),
      color: MODEL_COLORS.pythia,
    },
  ];
  const data: PlotlyTrace[] = panels.flatMap(({ title, ...curve }, panel) => {
    return meanBandTraces({ ...curve, ...panelAxes(panel), name: title, valueLabel: title, showLegend: false });
  });
  const layout = subplotLayout({
    rows: 1,
    columns: 3,
    title: subject,
    width: 1050,
    height: 380,
    panelTitles: panels.map(({ title }) => title),
    xTitle: "layer",
  });
  const caption = `${subject}: intrinsic dimension (GRIDE, n2 = 2), cosine similarity and neighborhood overlap by layer.`;
  return { name: "overview", caption, data, layout };
}

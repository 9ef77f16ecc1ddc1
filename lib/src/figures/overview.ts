import type { DimensionEstimate } from "../geometry/gride";
import type { Figure, PlotlyTrace } from "../machine/render/figure";
import { calmPanels, layerTicks, MODEL_COLORS, meanBandTraces, panelAxes, subplotLayout } from "./style";
import { verbatim, visibleName } from "./verbatim";

/** What is known of a prompt at one layer. */
export interface OverviewLayer {
  /** GRIDE at n2 = 2. */
  dimension: Pick<DimensionEstimate, "id" | "error">;
  cosineSimilarity: number;
  /** Of the 2 nearest neighbors, with those of the layer before; null at layer 0. */
  overlapWithPrevious: number | null;
}

/**
 * One prompt at a glance: intrinsic dimension with its standard error, cosine similarity, and neighborhood overlap, by
 * layer.
 *
 * @param layers of one prompt, from layer 0 on
 * @param subject what was measured, for the title and the caption
 * @example
 * const { hidden } = await (await loadModel("llama-mini")).run("The tide came in, and the gulls came in with the tide.");
 * const layers = [];
 * for (const cloud of hidden) {
 *   const dimension = gride(await neighbors(distinctPoints(cloud), 2), 2);
 *   layers.push({ dimension, cosineSimilarity: (await cosineSimilarity(cloud)).mean, overlapWithPrevious: null });
 * }
 * overviewFigure(layers, "gulls in llama-mini").data.length; // 4
 */
export function overviewFigure(layers: readonly OverviewLayer[], subject: string): Figure {
  const numbers = layers.map((_, layer) => layer);
  const panels = [
    {
      title: "intrinsic dimension ± error",
      x: numbers.slice(1), // At layer 0 equal tokens coincide; the paper leaves it out.
      mean: layers.slice(1).map(({ dimension }) => dimension.id),
      sd: layers.slice(1).map(({ dimension }) => dimension.error),
      color: MODEL_COLORS.llama,
    },
    {
      title: "mean cosine similarity",
      x: numbers,
      mean: layers.map((layer) => layer.cosineSimilarity),
      color: MODEL_COLORS.mistral,
    },
    {
      title: "overlap with next layer, k = 2",
      x: numbers.slice(1, -1),
      mean: layers.slice(2).map(({ overlapWithPrevious }) => overlapWithPrevious ?? Number.NaN),
      color: MODEL_COLORS.pythia,
    },
  ];
  const data: PlotlyTrace[] = panels.flatMap(({ title, ...curve }, panel) => {
    return meanBandTraces({ ...curve, ...panelAxes(panel), name: title, valueLabel: title, showLegend: false });
  });
  const layout = subplotLayout({
    rows: 1,
    columns: 3,
    title: verbatim(subject),
    width: 1050,
    height: 380,
    panelTitles: panels.map(({ title }) => title),
    xTitle: "layer",
    xaxis: layerTicks(data),
  });
  calmPanels(layout, data);
  const caption = `${visibleName(subject)}: intrinsic dimension (GRIDE, n2 = 2), cosine similarity and neighborhood overlap by layer.`;
  return { name: "overview", caption, data, layout };
}

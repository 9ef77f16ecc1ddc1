import { median } from "simple-statistics";
import type { Exploration, ExploredOrder } from "../machine/experiment/exploration";
import { sparseness } from "../machine/experiment/explorationTables";
import type { Figure, PlotlyTrace } from "../machine/render/figure";
import { describeExploration } from "./explorationProfiles";
import { type SliderStep, withSlider } from "./slider";
import { layerTicks, panelAxes, SPACING_COLORS, subplotLayout } from "./style";

/**
 * How much room each token has, along the text: its distance to its k-th neighbor over the median of the layer, as written
 * above, in the last of the orders below. A slider chooses the layer.
 *
 * @param layer that the figure shows at first, and in print; 0..L
 * @example
 * const prompt = { name: "gulls", text: "The tide came in, and the gulls came in with the tide." };
 * const explored = await explorePrompt("llama-mini", prompt, { shuffleIndices: [0, 1] });
 * tokenSpacingFigure(explored, 6).data.length; // 2
 */
export function tokenSpacingFigure(exploration: Exploration, layer: number): Figure {
  const { orders, pieces, neighbors } = exploration;
  const shown = orders.length > 1 ? [orders[0], orders[orders.length - 1]] : [orders[0]];
  const places = pieces.map((_, token) => token + 1);
  const layers = orders[0].spacings.map((_, index) => index);
  const spacing = layers.map((index) => shown.map((order) => relativeSpacing(order, index)));
  const shares = layers.map((index) => shown.map(({ spacings }) => sparseness(spacings[index])));
  const data = shown.map((_, panel): PlotlyTrace => {
    return {
      type: "scatter",
      mode: "markers",
      x: places,
      y: spacing[layer][panel],
      marker: {
        size: 6,
        color: shares[layer][panel],
        cmin: 0,
        cmax: 1,
        colorscale: SPACING_COLORS.map((color, i): [number, string] => [i / (SPACING_COLORS.length - 1), color]),
        line: { color: "#888888", width: 0.5 },
      },
      text: pieces.map((piece, token) => `token ${token + 1}: ${hoverText(piece)}`),
      hovertemplate: "%{text}<br>%{y:.3f} times the median distance<extra></extra>",
      showlegend: false,
      ...panelAxes(panel),
    };
  });
  const highest = Math.max(...spacing.flat(2).filter(Number.isFinite));
  const layout = subplotLayout({
    rows: shown.length,
    columns: 1,
    width: 900,
    height: 60 + 230 * shown.length,
    panelTitles: shown.map(({ shuffleIndex }) => (shuffleIndex === 0 ? "as written" : `shuffled, S = ${shuffleIndex}`)),
    xTitle: "place in the text",
    yTitle: shown.map(() => `distance to neighbor ${neighbors} / median`),
    xaxis: { range: [0, pieces.length + 1], ...layerTicks(data) },
    yaxis: { range: [0, Math.min(highest * 1.05, 4)], title: { text: `distance / median`, standoff: 8 } },
    legend: "none",
    gapY: 70,
  });
  const figure: Figure = {
    name: "playground-tokens",
    caption:
      `${describeExploration(exploration)}: distance of each token to its neighbor number ${neighbors}, over the median of the layer ` +
      `(in print layer ${layer}). Blue: crowded, orange: sparse.`,
    data,
    layout,
    provenance: exploration.provenance,
  };
  const steps = layers.map(
    (index): SliderStep => ({
      label: String(index),
      traces: { y: spacing[index], "marker.color": shares[index] },
    }),
  );
  return withSlider(
    figure,
    "layer ",
    data.map((_, trace) => trace),
    steps,
    layer,
  );
}

/** Distances over their median; NaN where half of the tokens or more coincide with others. */
function relativeSpacing({ spacings }: ExploredOrder, layer: number): number[] {
  const { distances } = spacings[layer];
  const measured = distances.filter((distance) => !Number.isNaN(distance));
  const middle = measured.length > 0 ? median(measured) : Number.NaN;
  return distances.map((distance) => (middle > 0 ? distance / middle : Number.NaN));
}

/** Text as Plotly shows it letter by letter. */
function hoverText(piece: string): string {
  return JSON.stringify(piece).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

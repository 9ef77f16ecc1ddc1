import { median } from "simple-statistics";
import type { Exploration, ExploredOrder } from "../machine/experiment/exploration";
import { sparseness } from "../machine/experiment/explorationTables";
import type { Figure, PlotlyTrace } from "../machine/render/figure";
import { describeExploration } from "./explorationProfiles";
import { type SliderStep, withSlider } from "./slider";
import { layerTicks, panelAxes, SPACING_COLORS, significant, subplotLayout } from "./style";
import { verbatim } from "./verbatim";

/** Where the axis ends: most tokens have less than this many times the median, and few have a hundred times as much. */
const TOP = 4;

/**
 * How much room each token has, along the text: its distance to its k-th neighbor over the median of the layer, as written
 * above, in the last of the orders below. A slider chooses the layer. Tokens beyond the axis stand at its end as triangles; the
 * title of the panel counts these and what is not there.
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
  const spacings = layers.map((index) => shown.map((order) => relativeSpacing(order, index)));
  const shares = layers.map((index) => shown.map((order) => sparseness(order.spacings[index])));
  const highest = Math.max(...spacings.flat().map(({ ratios }) => Math.max(0, ...ratios.filter(Number.isFinite))));
  const top = highest > TOP ? TOP : highest * 1.05 || 1;
  const at = (index: number, panel: number) => {
    const { ratios, notes } = spacings[index][panel];
    const beyond = ratios.filter((ratio) => ratio > top).length;
    const { shuffleIndex } = shown[panel];
    const order = shuffleIndex === 0 ? "as written" : `shuffled, S = ${shuffleIndex}`;
    const count =
      beyond > 0 ? [`▲: ${beyond} of ${ratios.length} beyond, up to ${significant(Math.max(...finite(ratios)))}`] : [];
    return {
      y: ratios.map((ratio) => (ratio > top ? 0.98 * top : ratio)),
      symbol: beyond > 0 ? ratios.map((ratio) => (ratio > top ? "triangle-up" : "circle")) : "circle",
      customdata: ratios.map((ratio) => Number(ratio.toPrecision(4))),
      title: [order, ...count, ...notes].join("; "),
    };
  };
  const data = shown.map((_, panel): PlotlyTrace => {
    const { y, symbol, customdata } = at(layer, panel);
    return {
      type: "scatter",
      mode: "markers",
      x: places,
      y,
      marker: {
        size: 6,
        symbol,
        color: shares[layer][panel],
        cmin: 0,
        cmax: 1,
        colorscale: SPACING_COLORS.map((color, i): [number, string] => [i / (SPACING_COLORS.length - 1), color]),
        line: { color: "#888888", width: 0.5 },
      },
      text: pieces.map((piece, token) => `token ${token + 1}: ${verbatim(JSON.stringify(piece))}`),
      customdata,
      hovertemplate: "%{text}<br>%{customdata} times the median distance<extra></extra>",
      showlegend: false,
      ...panelAxes(panel),
    };
  });
  const layout = subplotLayout({
    rows: shown.length,
    columns: 1,
    width: 900,
    height: 60 + 230 * shown.length,
    panelTitles: shown.map((_, panel) => at(layer, panel).title),
    xTitle: "place in the text",
    xaxis: { range: [0, pieces.length + 1], ...layerTicks(data) },
    yaxis: { range: [0, top], title: { text: `distance / median`, standoff: 8 } },
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
  const steps = layers.map((index): SliderStep => {
    const panels = shown.map((_, panel) => at(index, panel));
    return {
      label: String(index),
      traces: {
        y: panels.map(({ y }) => y),
        customdata: panels.map(({ customdata }) => customdata),
        "marker.color": shares[index],
        "marker.symbol": panels.map(({ symbol }) => symbol),
      },
      layout: Object.fromEntries(panels.map(({ title }, panel) => [`annotations[${panel}].text`, title])),
    };
  });
  return withSlider(
    figure,
    "layer ",
    data.map((_, trace) => trace),
    steps,
    layer,
  );
}

/**
 * Distances over their median, and what there is to say of those that have none. Where half of the tokens or more coincide with
 * others, the median is that of the rest; where all do there is nothing to compare.
 */
function relativeSpacing({ spacings }: ExploredOrder, layer: number): { ratios: number[]; notes: string[] } {
  const { distances } = spacings[layer];
  const measured = finite(distances);
  const apart = measured.filter((distance) => distance > 0);
  const left = distances.length - measured.length;
  const coinciding = measured.length - apart.length;
  const middle = apart.length > 0 ? median(measured) || median(apart) : Number.NaN;
  return {
    ratios: distances.map((distance) => distance / middle),
    notes: [
      ...(left > 0 ? [`${left} not measured`] : []),
      ...(apart.length === 0 ? ["all tokens coincide: nothing to compare"] : []),
      ...(apart.length > 0 && middle !== median(measured) ? [`${coinciding} coincide: median of the others`] : []),
    ],
  };
}

const finite = (values: readonly number[]): number[] => values.filter(Number.isFinite);

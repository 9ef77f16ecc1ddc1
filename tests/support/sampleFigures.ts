import {
  axis,
  baseLayout,
  colorBarTrace,
  HIGHLIGHT,
  MODEL_COLORS,
  meanBandTraces,
  shuffleColor,
  subplotLayout,
} from "../../lib/src/figures/style";
import type { Figure } from "../../lib/src/machine/render/figure";

const layers = Array.from({ length: 32 }, (_, index) => index + 1);
const hump = (height: number): number[] => layers.map((layer) => 5 + height * Math.exp(-(((layer - 11) / 6) ** 2)));
const caption = 'Made-up numbers, n = 50 <prompts> & "quotes"';
const provenance = { model: "none", seed: 7, note: "a < b & c — 漢" };

/** Two means with bands, a legend, a title and a highlighted region. */
export const bandFigure: Figure = {
  name: "bands",
  caption,
  provenance,
  data: [
    ...meanBandTraces({
      x: layers,
      mean: hump(4),
      sd: layers.map(() => 0.8),
      n: 50,
      name: "S = 0",
      color: shuffleColor(0),
    }),
    ...meanBandTraces({
      x: layers,
      mean: hump(9),
      sd: layers.map(() => 1.4),
      n: 50,
      name: "S = 5",
      color: shuffleColor(5),
    }),
  ],
  layout: {
    ...baseLayout({
      title: "Intrinsic dimension by layer",
      xTitle: "layer",
      yTitle: "intrinsic dimension (n<sub>2</sub> = 2)",
    }),
    shapes: [
      {
        type: "rect",
        layer: "below",
        xref: "x",
        yref: "paper",
        x0: 8,
        x1: 14,
        y0: 0,
        y1: 1,
        fillcolor: HIGHLIGHT,
        line: { width: 0 },
      },
    ],
  },
};

/** Six curves with the color bar of the shuffle index. */
export const colorBarFigure: Figure = {
  name: "color-bar",
  caption,
  data: [
    ...[0, 1, 2, 3, 4, 5].flatMap((index) =>
      meanBandTraces({
        x: layers,
        mean: hump(4 + index),
        name: `S = ${index}`,
        color: shuffleColor(index),
        showLegend: false,
      }),
    ),
    colorBarTrace(),
  ],
  layout: baseLayout({ xTitle: "layer", yTitle: "intrinsic dimension", title: "Prompt 3218" }),
};

/** A heat map with a color bar and an arrow. */
export const heatMapFigure: Figure = {
  name: "heat-map",
  caption,
  data: [
    {
      type: "heatmap",
      z: [0, 1, 2, 3].map((row) => [0, 1, 2, 3, 4].map((column) => Math.sin(row + column))),
      x: ["the", "cat", "sat", "on", "it"],
      y: ["L1", "L2", "L3", "L4"],
      colorscale: "Viridis",
      colorbar: { title: { text: "cosine" } },
    },
  ],
  layout: {
    ...baseLayout({ xTitle: "token", yTitle: "layer" }),
    annotations: [
      {
        x: "sat",
        y: "L3",
        text: "<b>here</b>",
        ax: 40,
        ay: -30,
        arrowhead: 2,
        font: { color: "#FFFFFF" },
        arrowcolor: "#FFFFFF",
      },
    ],
  },
};

/** Three models against the range scaling on a logarithmic axis to base 2. */
export const logarithmicFigure: Figure = {
  name: "logarithmic",
  caption,
  data: (["llama", "mistral", "pythia"] as const).flatMap((model, row) =>
    meanBandTraces({
      x: [2, 4, 8, 16, 32, 64, 128, 256],
      mean: Float32Array.from([9, 10, 11, 11.5, 11, 10, 9, 7].map((value) => value - row)),
      sd: [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3],
      name: model,
      color: MODEL_COLORS[model],
    }),
  ),
  layout: {
    ...baseLayout({ yTitle: "intrinsic dimension", legend: "bottom left" }),
    xaxis: axis("range scaling n<sub>2</sub>", { type: "log", dtick: Math.log10(2), tickformat: "d" }),
  },
};

/** Two by three panels with shared axes and a color bar. */
export const panelsFigure: Figure = {
  name: "panels",
  caption,
  data: [
    ...[0, 1, 2, 3, 4, 5].flatMap((panel) =>
      [0, 1, 2, 3, 4, 5].flatMap((index) =>
        meanBandTraces({
          x: layers,
          mean: hump(4 + index + panel),
          name: `S = ${index}`,
          color: shuffleColor(index),
          showLegend: false,
          mode: "lines",
          xaxis: panel === 0 ? "x" : `x${panel + 1}`,
          yaxis: panel === 0 ? "y" : `y${panel + 1}`,
        }),
      ),
    ),
    colorBarTrace(),
  ],
  layout: subplotLayout({
    rows: 2,
    columns: 3,
    title: "Six prompts",
    panelTitles: [10, 20, 30, 40, 50, 60].map((prompt) => `prompt ${prompt}`),
    xTitle: "layer",
    yTitle: "intrinsic dimension",
    sharedX: true,
    sharedY: true,
    right: 90,
  }),
};

/** Two overlaid histograms. */
export const histogramFigure: Figure = {
  name: "histogram",
  caption,
  data: [0, 5].map((index) => ({
    type: "histogram",
    x: Array.from({ length: 500 }, (_, item) => 55 + index + 6 * Math.sin(item) + 4 * Math.cos(item * 1.7)),
    xbins: { start: 40, end: 80, size: 1 },
    histnorm: "probability density",
    marker: { color: shuffleColor(index) },
    opacity: 0.6,
    name: `S = ${index}`,
  })),
  layout: { ...baseLayout({ xTitle: "angle (degrees)", yTitle: "density" }), barmode: "overlay" },
};

/** A scatter of many translucent points. */
export const scatterFigure: Figure = {
  name: "scatter",
  caption,
  data: [
    {
      type: "scatter",
      mode: "markers",
      x: Array.from({ length: 2000 }, (_, item) => Math.sin(item) + Math.sin(item * 12.9898)),
      y: Array.from({ length: 2000 }, (_, item) => Math.sin(item) + Math.cos(item * 78.233)),
      marker: { color: MODEL_COLORS.pythia, size: 5, opacity: 0.4 },
      name: "Pythia-6.9B, ρ = 0.8",
    },
    { type: "scatter", mode: "lines", x: [-2, 2], y: [-2, 2], line: { dash: "dot", color: "#222222" }, name: "x = y" },
  ],
  layout: baseLayout({ xTitle: "contextual entropy (nats)", yTitle: "loss (nats)" }),
};

export const sampleFigures: Figure[] = [
  bandFigure,
  colorBarFigure,
  heatMapFigure,
  logarithmicFigure,
  panelsFigure,
  histogramFigure,
  scatterFigure,
];

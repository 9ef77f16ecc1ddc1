import type { PlotlyTrace } from "../machine/render/figure";
import { shuffleColor, withOpacity } from "./styleColors";
import { type Form, symbolLetter, symbolOf } from "./styleForms";

export * from "./styleColors";
export * from "./styleForms";
export * from "./styleLayout";
export * from "./styleLegend";
export * from "./styleModels";
export * from "./stylePanels";

/** What a line with a band is made of. All arrays are equally long. */
export interface MeanBand {
  x: ArrayLike<number>;
  mean: ArrayLike<number>;
  /** Standard deviation: the band reaches from mean - sd to mean + sd. Left out: no band. */
  sd?: ArrayLike<number>;
  /** How many values each mean is over; a number holds for all. */
  n?: number | ArrayLike<number>;
  name: string;
  /** #RRGGBB */
  color: string;
  /** What x and the mean are called in the hover text. */
  xLabel?: string;
  valueLabel?: string;
  /** Plotly axis ids, "x2" and "y2" for the second panel. */
  xaxis?: string;
  yaxis?: string;
  dash?: Form["dash"];
  /** Plotly's name of the marker's shape; a disc without it. */
  symbol?: string;
  /** "lines+markers" by default. */
  mode?: "lines" | "lines+markers" | "markers";
  bandOpacity?: number;
  showLegend?: boolean;
  legendGroup?: string;
}

/** Of the markers of a curve, in CSS pixels: large enough for shapes to be told apart. */
export const MARKER_SIZE = 6;

/**
 * Traces of a mean with its standard deviation: the band (if there is one) as one closed polygon that does not react to
 * the mouse, then the line. Points whose mean is not finite are left out of both.
 */
export function meanBandTraces(band: MeanBand): PlotlyTrace[] {
  const kept = Array.from(band.x, (_, index) => index).filter((index) => Number.isFinite(band.mean[index]));
  // A curve without values stands in the legend, as long as its trace is not empty.
  const orNothing = <T>(values: T[]): (T | null)[] => (values.length > 0 ? values : [null]);
  const axes = { xaxis: band.xaxis ?? "x", yaxis: band.yaxis ?? "y" };
  const group = band.legendGroup ?? band.name;
  const traces: PlotlyTrace[] = [];
  const { sd } = band;
  if (sd) {
    const within = kept.filter((index) => Number.isFinite(sd[index]));
    const bandX = within.map((index) => band.x[index]);
    const upper = within.map((index) => band.mean[index] + sd[index]);
    const lower = within.map((index) => band.mean[index] - sd[index]);
    traces.push({
      type: "scatter",
      mode: "lines",
      x: [...bandX, ...bandX.toReversed()],
      y: [...upper, ...lower.toReversed()],
      fill: "toself",
      fillcolor: withOpacity(band.color, band.bandOpacity ?? 0.2),
      line: { width: 0 },
      hoverinfo: "skip",
      showlegend: false,
      legendgroup: group,
      name: `${band.name} ± sd`,
      ...axes,
    });
  }
  const hover = kept.map((index) => {
    const count = typeof band.n === "number" ? band.n : band.n?.[index];
    return [
      `${band.xLabel ?? "layer"} ${band.x[index]}`,
      `${band.valueLabel ?? "mean"} ${significant(band.mean[index])}`,
      ...(sd ? [`sd ${significant(sd[index])}`] : []),
      ...(count === undefined ? [] : [`n ${count}`]),
    ].join("<br>");
  });
  traces.push({
    type: "scatter",
    mode: band.mode ?? "lines+markers",
    x: orNothing(kept.map((index) => band.x[index])),
    y: orNothing(kept.map((index) => band.mean[index])),
    name: band.name,
    legendgroup: group,
    showlegend: band.showLegend ?? true,
    line: { color: band.color, width: 2, dash: band.dash ?? "solid" },
    marker: { color: band.color, size: MARKER_SIZE, ...(band.symbol ? { symbol: band.symbol } : {}) },
    text: hover,
    hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
    ...axes,
  });
  return traces;
}

/** A number for hover texts: four digits. */
export function significant(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : "not known";
}

/**
 * An invisible trace that carries the color bar of the shuffle index: one block of color an index, beside it the index and the
 * marker of its curves.
 *
 * @param maximum the largest index, 5 in the paper
 * @param title above the bar
 * @param place position in paper coordinates (x: left edge, y: middle), and length as a fraction of the plot's height
 */
export function colorBarTrace(
  maximum = 5,
  title = "shuffle<br>index S",
  place: { x?: number; y?: number; length?: number } = {},
): PlotlyTrace {
  const colorscale: [number, string][] = [];
  for (let index = 0; index <= maximum; index++) {
    const color = shuffleColor(index, maximum);
    colorscale.push([index / (maximum + 1), color], [(index + 1) / (maximum + 1), color]);
  }
  return {
    type: "scatter",
    mode: "markers",
    x: [null],
    y: [null],
    showlegend: false,
    hoverinfo: "skip",
    marker: {
      color: [0],
      cmin: -0.5,
      cmax: maximum + 0.5,
      colorscale,
      showscale: true,
      colorbar: {
        title: { text: title, side: "top", font: { size: 13 } },
        tickvals: Array.from({ length: maximum + 1 }, (_, index) => index),
        ticktext: Array.from({ length: maximum + 1 }, (_, index) => `${symbolLetter(symbolOf(index))} ${index}`),
        ticks: "",
        thickness: 14,
        outlinewidth: 0,
        len: place.length ?? 0.9,
        x: place.x ?? 1.02,
        y: place.y ?? 0.5,
        yanchor: "middle",
      },
    },
  };
}

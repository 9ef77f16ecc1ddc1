import type { PlotlyLayout, PlotlyTrace } from "../machine/render/figure";
import { LINE_HEIGHT, linesThatFit, widthOf } from "./fittedText";

/** Of the legend's text, and what an entry has beside it and above it, in CSS pixels. */
export const LEGEND_SIZE = 13;
const BESIDE = 55;
const ABOVE = 3;

/** Lines that a name takes at most; its middle is left out beyond that. */
const MOST_LINES = 4;

/** The widest legend beside panels, and the narrowest. */
const WIDEST = 420;
const NARROWEST = 190;

/** Traces that a legend lists. */
const listedOf = (data: readonly PlotlyTrace[]): PlotlyTrace[] => data.filter(({ showlegend }) => showlegend !== false);

const entryWidth = ({ name }: PlotlyTrace): number => BESIDE + widthOf(String(name ?? ""), LEGEND_SIZE);

/** Breaks the names of entries to a width; returns the height of each. */
function breakNames(listed: readonly PlotlyTrace[], width: number): number[] {
  return listed.map((trace) => {
    const lines = linesThatFit(String(trace.name ?? ""), width - BESIDE, LEGEND_SIZE, MOST_LINES);
    trace.name = lines.join("<br>");
    return LEGEND_SIZE * LINE_HEIGHT * lines.length + ABOVE;
  });
}

/**
 * Puts the legend at the top of the picture, and makes room for it: one line, or rows of equal columns, two at the least, in
 * which long names are broken.
 *
 * @param data the traces that it lists, unless their `showlegend` is false
 */
export function legendAbove(layout: PlotlyLayout, data: readonly PlotlyTrace[]): void {
  const listed = listedOf(data);
  const margin = layout.margin as Record<string, number>;
  const lineWidth = layout.width - margin.l - margin.r;
  const widths = listed.map(entryWidth);
  const fits = widths.reduce((sum, width) => sum + width, 0) <= lineWidth;
  // Plotly sets entries in columns of the widest one's width as soon as they do not fit in a line.
  const widest = Math.min(Math.max(1, ...widths), listed.length > 3 ? lineWidth / 2 : lineWidth);
  const columns = fits ? listed.length : Math.max(1, Math.floor(lineWidth / widest));
  const heights = breakNames(listed, fits ? lineWidth : widest);
  const rows = Array.from({ length: Math.ceil(heights.length / columns) }, (_, row) =>
    Math.max(...heights.slice(row * columns, (row + 1) * columns)),
  );
  const room = 8 + rows.reduce((sum, height) => sum + height, 0);
  layout.margin = { ...margin, t: margin.t + room };
  layout.height += room;
  layout.legend = {
    ...(layout.legend as object),
    orientation: "h",
    traceorder: "normal",
    x: 1,
    xanchor: "right",
    y: 1,
    yref: "container",
    yanchor: "top",
  };
}

/**
 * Makes the names fit into a legend beside the panels.
 *
 * @param data the traces that it lists, unless their `showlegend` is false
 * @returns the room that it takes, in CSS pixels, without headings
 */
export function legendBeside(data: readonly PlotlyTrace[]): { width: number; height: number } {
  const listed = listedOf(data);
  const width = Math.min(Math.max(NARROWEST, ...listed.map(entryWidth)), WIDEST);
  return { width, height: breakNames(listed, width).reduce((sum, height) => sum + height + 2, 0) };
}

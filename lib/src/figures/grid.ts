import type { FigureParts, PlotlyTrace } from "../machine/render/figure";
import { axisSuffix, colorBarTrace, INK, layerTicks, legendAbove, panelAxes, subplotLayout } from "./style";

/** One panel of a grid. */
export interface Panel {
  /** Above the panel. */
  title: string;
  /** Traces without axes. One stands in the legend where it is the first of its legendgroup, unless `showlegend` is false. */
  marks: PlotlyTrace[];
  /** Panels of the same group have one vertical range. */
  yGroup?: string | number;
  /** Of this panel; without them the grid's, at the bottom row and the left column. */
  xTitle?: string;
  yTitle?: string;
  /** Plotly's own settings of the axes. */
  xaxis?: Record<string, unknown>;
  yaxis?: Record<string, unknown>;
  /** Plotly shapes, in the panel's axes: from the bottom to the top unless they say otherwise. */
  shapes?: Record<string, unknown>[];
  /** Lines of text in the upper left corner. */
  lines?: string[];
}

export interface GridOptions {
  /** Row by row; rows without panels are left out. */
  rows: readonly (readonly Panel[])[];
  xTitle?: string;
  yTitle?: string;
  /** Of a panel, in CSS pixels, with its share of the labels. */
  panelWidth?: number;
  panelHeight?: number;
  gapX?: number;
  gapY?: number;
  /** All panels have one vertical range, and numbers at the left only. */
  sharedY?: boolean;
  /** Largest shuffle index of a color bar to the right; no color bar without it. */
  colorBar?: number;
  /** Where the legend stands: above all panels, or right of them, where there is room for many names. */
  legend?: "above" | "right";
  /** Legend entries that belong to no panel. */
  keys?: PlotlyTrace[];
}

/** Font and height of a line of text in a panel, in CSS pixels. */
export const TEXT_SIZE = 12;
export const TEXT_LINE = 19;

const LEGEND_WIDTH = 190;
/** Height of a legend entry, and how many there are besides the curves: headings and what markers mean. */
const LEGEND_LINE = 22;
const LEGEND_HEADS = 7;

/**
 * Marks in a grid of panels, with one legend for all of them: every group once, a click on it shows and hides its marks in
 * all panels.
 */
export function panelGrid(options: GridOptions): FigureParts {
  const { colorBar, keys = [], legend = "above" } = options;
  const rows = options.rows.filter((row) => row.length > 0);
  const columns = Math.max(...rows.map((row) => row.length));
  const cells = rows.flatMap((row) => Array.from({ length: columns }, (_, column): Panel | undefined => row[column]));
  const listed = new Set<unknown>();
  const data = cells.flatMap((panel, index) =>
    (panel?.marks ?? []).map((mark): PlotlyTrace => {
      const group = mark.legendgroup ?? mark.name;
      const showlegend = mark.showlegend !== false && !listed.has(group);
      if (showlegend) listed.add(group);
      return { ...mark, ...panelAxes(index), showlegend };
    }),
  );
  const right = legend === "right" ? LEGEND_WIDTH : colorBar === undefined ? 0 : 90;
  const height = 60 + (options.panelHeight ?? 300) * rows.length;
  const titlesOf = (own: "xTitle" | "yTitle", isAtEdge: (index: number) => boolean) =>
    cells.map((panel, index) => panel?.[own] ?? (isAtEdge(index) ? options[own] : undefined)) as string[];
  const layout = subplotLayout({
    rows: rows.length,
    columns,
    width: 40 + (options.panelWidth ?? 340) * columns + right,
    height: legend === "right" ? Math.max(110 + LEGEND_LINE * (listed.size + LEGEND_HEADS), height) : height,
    panelTitles: cells.map((panel) => panel?.title ?? ""),
    xTitle: titlesOf("xTitle", (index) => index >= (rows.length - 1) * columns),
    yTitle: titlesOf("yTitle", (index) => index % columns === 0),
    sharedY: options.sharedY,
    gapX: options.gapX ?? (options.sharedY ? 28 : 56),
    gapY: options.gapY ?? 74,
    right,
  });
  cells.forEach((panel, index) => {
    const suffix = axisSuffix(index);
    const [xaxis, yaxis] = ["xaxis", "yaxis"].map((name) => layout[name + suffix] as Record<string, unknown>);
    const ticks = options.xTitle === "layer" && !panel?.xTitle ? layerTicks(panel?.marks ?? []) : {};
    Object.assign(xaxis, panel ? { ...ticks, ...panel.xaxis } : { visible: false });
    Object.assign(yaxis, panel ? panel.yaxis : { visible: false });
    const first = cells.findIndex((other) => other?.yGroup === panel?.yGroup);
    if (panel?.yGroup !== undefined && first < index) yaxis.matches = `y${axisSuffix(first)}`;
    (layout.annotations as unknown[]).push(...(panel?.lines ?? []).map((text, line) => lineOfText(text, line, suffix)));
  });
  layout.shapes = cells.flatMap((panel, index) =>
    (panel?.shapes ?? []).map((shape) => {
      return { xref: `x${axisSuffix(index)}`, yref: `y${axisSuffix(index)} domain`, y0: 0, y1: 1, ...shape };
    }),
  );
  data.push(...keys, ...(colorBar === undefined ? [] : [colorBarTrace(colorBar)]));
  if (legend === "right") layout.legend = { ...(layout.legend as object), groupclick: "togglegroup", tracegroupgap: 2 };
  else if (listed.size > 0) legendAbove(layout, data);
  else layout.showlegend = false;
  return { data, layout };
}

function lineOfText(text: string, line: number, suffix: string): Record<string, unknown> {
  return {
    text,
    font: { size: TEXT_SIZE, color: INK },
    showarrow: false,
    xref: `x${suffix} domain`,
    yref: `y${suffix} domain`,
    x: 0.02,
    y: 1,
    yshift: -TEXT_LINE * line,
    xanchor: "left",
    yanchor: "top",
  };
}

/** Panels row by row, so many in a row. */
export function inRows(panels: readonly Panel[], columns: number): Panel[][] {
  return Array.from({ length: Math.ceil(panels.length / columns) }, (_, row) =>
    panels.slice(row * columns, (row + 1) * columns),
  );
}

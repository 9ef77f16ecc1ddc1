import type { FigureParts, PlotlyTrace } from "../machine/render/figure";
import {
  axisSuffix,
  calmPanels,
  colorBarTrace,
  INK,
  layerTicks,
  legendAbove,
  legendBeside,
  PAPER,
  panelAxes,
  subplotLayout,
} from "./style";

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
  /** In the upper left corner. */
  lines?: readonly PanelLine[];
}

/** A line of text, and what is shown where the mouse points at it. */
export type PanelLine = string | { text: string; hover: string };

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

/** Headings of a legend beside the panels, of our curves, of the published ones and of the markers, in CSS pixels. */
const LEGEND_HEADS = 90;
/** Columns side by side at most. */
const MOST_COLUMNS = 4;
/** Length of a color bar at most. */
const COLOR_BAR = 260;

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
  data.push(...keys);
  const beside = legend === "right" ? legendBeside(data) : undefined;
  const right = beside ? beside.width : colorBar === undefined ? 0 : 90;
  const height = 60 + (options.panelHeight ?? 300) * rows.length;
  const titlesOf = (own: "xTitle" | "yTitle", isAtEdge: (index: number) => boolean) =>
    cells.map((panel, index) => panel?.[own] ?? (isAtEdge(index) ? options[own] : undefined)) as string[];
  const layout = subplotLayout({
    rows: rows.length,
    columns,
    width: 40 + (options.panelWidth ?? 340) * columns + right,
    height: beside ? Math.max(80 + LEGEND_HEADS + beside.height, height) : height,
    panelTitles: cells.map((panel) => panel?.title ?? ""),
    xTitle: titlesOf("xTitle", (index) => !cells[index + columns]),
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
  calmPanels(layout, data);
  layout.shapes = cells.flatMap((panel, index) =>
    (panel?.shapes ?? []).map((shape) => {
      return { xref: `x${axisSuffix(index)}`, yref: `y${axisSuffix(index)} domain`, y0: 0, y1: 1, ...shape };
    }),
  );
  if (colorBar !== undefined) {
    const { t, b } = layout.margin as Record<string, number>;
    const length = Math.min(0.9, COLOR_BAR / (layout.height - t - b));
    data.push(colorBarTrace(colorBar, undefined, { length, y: length < 0.5 ? 1 - length / 2 : 0.5 }));
  }
  if (beside) layout.legend = { ...(layout.legend as object), groupclick: "togglegroup", tracegroupgap: 2 };
  else if (listed.size > 0) legendAbove(layout, data);
  else layout.showlegend = false;
  return { data, layout };
}

function lineOfText(content: PanelLine, line: number, suffix: string): Record<string, unknown> {
  const { text, ...more } =
    typeof content === "string" ? { text: content } : { text: content.text, hovertext: content.hover };
  return {
    text,
    ...more,
    font: { size: TEXT_SIZE, color: INK },
    bgcolor: PAPER,
    borderpad: 0,
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

/** Columns of panels as rows: a few columns side by side, the next ones below them. */
export function inColumns(columns: readonly (readonly Panel[])[]): Panel[][] {
  return Array.from({ length: Math.ceil(columns.length / MOST_COLUMNS) }, (_, block) =>
    columns.slice(block * MOST_COLUMNS, (block + 1) * MOST_COLUMNS),
  ).flatMap((block) => block[0].map((_, row) => block.map((column) => column[row])));
}

/** Panels row by row, so many in a row. */
export function inRows(panels: readonly Panel[], columns: number): Panel[][] {
  return Array.from({ length: Math.ceil(panels.length / columns) }, (_, row) =>
    panels.slice(row * columns, (row + 1) * columns),
  );
}

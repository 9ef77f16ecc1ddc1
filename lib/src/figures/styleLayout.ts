import type { PlotlyLayout, PlotlyTrace } from "../machine/render/figure";
import { FONT_FAMILY } from "../machine/render/fonts";
import { LINE_HEIGHT, linesThatFit } from "./fittedText";
import { GRID, INK, PAPER } from "./styleColors";
import { LEGEND_SIZE } from "./styleLegend";

/** Natural size of one panel in CSS pixels. */
export const PANEL_WIDTH = 560;
export const PANEL_HEIGHT = 420;

/** Fonts of the panels' titles and of the picture's, in CSS pixels. */
const TITLE_SIZE = 14;
const HEADING_SIZE = 16;

/** Lines that a title takes at most: beyond that its middle is left out, and all of it shown where the mouse points at it. */
const MOST_LINES = 4;

/** Notebooks draw a picture as wide as there is room, its text as large as ever: titles fit down to this part of its width. */
const NARROWEST = 0.78;

/** The place of the picture's title. */
const TOP = { x: 0.5, xanchor: "center", y: 1, yref: "container", yanchor: "top", pad: { t: 16 } };

/** An axis in the house style; `overrides` are Plotly's own settings. */
export function axis(title: string | undefined, overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    ...(title === undefined ? {} : { title: { text: title, standoff: 8 } }),
    showline: true,
    linecolor: INK,
    linewidth: 1,
    ticks: "outside",
    ticklen: 4,
    tickcolor: INK,
    showgrid: true,
    gridcolor: GRID,
    gridwidth: 1,
    zeroline: false,
    automargin: true,
    exponentformat: "power",
    ...overrides,
  };
}

/** What a picture looks like where its figure does not say otherwise: font, background, legend, room for the labels. */
export function baseLayout(options: {
  title?: string;
  xTitle?: string;
  yTitle?: string;
  width?: number;
  height?: number;
  /** Plotly's own settings of the two axes. */
  xaxis?: Record<string, unknown>;
  yaxis?: Record<string, unknown>;
  /** A corner of the plot that is free; beside the plot by default. */
  legend?: LegendPlace;
}): PlotlyLayout {
  return {
    ...frame(options.width ?? PANEL_WIDTH, options.height ?? PANEL_HEIGHT, options.title, options.legend),
    xaxis: axis(options.xTitle, options.xaxis),
    yaxis: axis(options.yTitle, options.yaxis),
  };
}

/** Where a legend stands: in a corner inside the plot, beside the plot, or nowhere. */
export type LegendPlace = "top left" | "top right" | "bottom left" | "bottom right" | "beside" | "none";

function legendLayout(place: LegendPlace): Record<string, unknown> {
  const look = { bgcolor: "rgba(0,0,0,0)", borderwidth: 0, font: { size: LEGEND_SIZE }, tracegroupgap: 0 };
  if (place === "beside" || place === "none") return look;
  const [yanchor, xanchor] = place.split(" ");
  return { ...look, xanchor, yanchor, x: xanchor === "left" ? 0.02 : 0.98, y: yanchor === "bottom" ? 0.02 : 0.98 };
}

function frame(width: number, height: number, title: string | undefined, legend: LegendPlace = "beside"): PlotlyLayout {
  const lines = title === undefined ? [] : linesThatFit(title, NARROWEST * (width - 48), HEADING_SIZE, MOST_LINES);
  const titleRoom = Math.max(0, lines.length - 1) * HEADING_SIZE * LINE_HEIGHT;
  return {
    width,
    height: height + titleRoom,
    ...(title === undefined ? {} : { title: { text: lines.join("<br>"), font: { size: HEADING_SIZE }, ...TOP } }),
    font: { family: FONT_FAMILY, size: 14, color: INK },
    paper_bgcolor: PAPER,
    plot_bgcolor: PAPER,
    margin: { l: 64, r: 24, t: title === undefined ? 24 : 52 + titleRoom, b: 56 },
    showlegend: legend !== "none",
    legend: legendLayout(legend),
    hoverlabel: { font: { family: FONT_FAMILY } },
    hovermode: "closest",
  };
}

/** A grid of panels. Panel i (row by row, from the top left) has the axes `x`, `x2`, ... and `y`, `y2`, ... */
export interface SubplotOptions {
  rows: number;
  columns: number;
  title?: string;
  /** Above each panel, row by row. */
  panelTitles?: string[];
  /** One for all panels (shown at the bottom row, the left column), or one for each panel. */
  xTitle?: string | string[];
  yTitle?: string | string[];
  /** All panels with the same range: numbers only at the left column and the bottom row. */
  sharedX?: boolean;
  sharedY?: boolean;
  /** Of the whole picture; by default 360 x 300 a panel. */
  width?: number;
  height?: number;
  /** Gaps between panels in CSS pixels. */
  gapX?: number;
  gapY?: number;
  /** Room to the right of the panels for a color bar or a legend, in CSS pixels. */
  right?: number;
  xaxis?: Record<string, unknown>;
  yaxis?: Record<string, unknown>;
  /** A corner of the whole grid, beside it by default. */
  legend?: LegendPlace;
}

/** Layout of a grid of panels in the house style. */
export function subplotLayout(options: SubplotOptions): PlotlyLayout {
  const { rows, columns } = options;
  const width = options.width ?? 360 * columns + (options.right ?? 0);
  const height = options.height ?? 300 * rows;
  const layout = frame(width, height, options.title, options.legend);
  const margin = { ...(layout.margin as Record<"l" | "r" | "t" | "b", number>), r: 24 + (options.right ?? 0) };
  const space = options.gapX ?? (options.sharedY ? 28 : 72);
  const spaceOfPanel = (width - margin.l - margin.r - space * (columns - 1)) / columns;
  const titleWidth = NARROWEST * (spaceOfPanel + space) - 8;
  const titles = options.panelTitles?.map((title) => linesThatFit(title, titleWidth, TITLE_SIZE, MOST_LINES));
  // Titles of several lines make the picture higher, not the panels lower.
  const titleRoom = (Math.max(1, ...(titles ?? []).map((lines) => lines.length)) - 1) * TITLE_SIZE * LINE_HEIGHT;
  layout.height += titleRoom * rows;
  if (titles) margin.t += 24 + titleRoom;
  layout.margin = margin;
  const gapX = space / (width - margin.l - margin.r);
  const gapY =
    ((options.gapY ?? (titles ? 36 : 12) + (options.sharedX ? 12 : 52)) + titleRoom) /
    (layout.height - margin.t - margin.b);
  const [panelWidth, panelHeight] = [(1 - gapX * (columns - 1)) / columns, (1 - gapY * (rows - 1)) / rows];
  const annotations: Record<string, unknown>[] = [];
  for (let panel = 0; panel < rows * columns; panel++) {
    const [row, column] = [Math.floor(panel / columns), panel % columns];
    const suffix = axisSuffix(panel);
    const left = column * (panelWidth + gapX);
    const bottom = (rows - 1 - row) * (panelHeight + gapY);
    const titleOf = (title: string | string[] | undefined, atEdge: boolean): string | undefined =>
      Array.isArray(title) ? title[panel] : atEdge ? title : undefined;
    layout[`xaxis${suffix}`] = axis(titleOf(options.xTitle, row === rows - 1), {
      domain: [left, Math.min(left + panelWidth, 1)],
      anchor: `y${suffix}`,
      ...(options.sharedX && panel > 0 ? { matches: "x" } : {}),
      showticklabels: !options.sharedX || row === rows - 1,
      ...options.xaxis,
    });
    layout[`yaxis${suffix}`] = axis(titleOf(options.yTitle, column === 0), {
      domain: [bottom, Math.min(bottom + panelHeight, 1)],
      anchor: `x${suffix}`,
      ...(options.sharedY && panel > 0 ? { matches: "y" } : {}),
      showticklabels: !options.sharedY || column === 0,
      ...options.yaxis,
    });
    if (options.panelTitles?.[panel]) {
      annotations.push({
        text: titles![panel].join("<br>"),
        ...(titles![panel].join("").includes("…") ? { hovertext: options.panelTitles[panel] } : {}),
        font: { size: TITLE_SIZE },
        showarrow: false,
        xref: "paper",
        yref: "paper",
        x: left + panelWidth / 2,
        y: Math.min(bottom + panelHeight, 1),
        xanchor: "center",
        yanchor: "bottom",
        yshift: 6,
      });
    }
  }
  layout.annotations = annotations;
  return layout;
}

/** The end of the axis names of a panel: "" of the first, then 2, 3, ... */
export function axisSuffix(panel: number): string {
  return panel === 0 ? "" : String(panel + 1);
}

/** The axes of a panel, as a trace names them. */
export function panelAxes(panel: number): { xaxis: string; yaxis: string } {
  const suffix = axisSuffix(panel);
  return { xaxis: `x${suffix}`, yaxis: `y${suffix}` };
}

/** Axis settings for what is counted, layers and tokens: where there are few, Plotly would put ticks between them. */
export function layerTicks(traces: readonly PlotlyTrace[]): { dtick?: number } {
  const layers = traces.flatMap(({ x }) => Array.from((x ?? []) as ArrayLike<number | null>)).filter(Number.isFinite);
  return Math.max(...(layers as number[])) - Math.min(...(layers as number[])) < 8 ? { dtick: 1 } : {};
}

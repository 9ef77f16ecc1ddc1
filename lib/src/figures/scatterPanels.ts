import type { Correlation, Line } from "../statistics/correlation";
import { formatPValue } from "../statistics/significance";
import type { Figure, PlotlyTrace } from "./figure";
import { axisSuffix, INK, legendAbove, type ModelLook, modelLooks, panelAxes, subplotLayout } from "./style";

/** One point a prompt. All arrays are equally long. */
export interface ScatterCloud {
  /** The model, for the legend and the color. */
  label: string;
  x: number[];
  y: number[];
  /** Names of the prompts, for the hover text; their numbers without it. */
  names?: string[];
  /** Written into the panel. */
  correlation?: Correlation;
  /** Drawn through the points. */
  line?: Line;
}

/** One panel of a grid. */
export interface ScatterPanel {
  title: string;
  xTitle: string;
  yTitle: string;
  clouds: ScatterCloud[];
  /** Draws the line x = y. */
  diagonal?: boolean;
}

export interface ScatterGridOptions {
  name: string;
  caption: string;
  /** Row by row, each row as long as the first; empty rows are left out. */
  rows: ScatterPanel[][];
}

/** Height of a line of text in a panel, as a part of the panel's height. */
const TEXT_LINE = 0.075;

/** Scatter plots in a grid of panels, with the correlation of each model written into the panel above its points. */
export function scatterGrid(options: ScatterGridOptions): Figure {
  const rows = options.rows.filter((row) => row.length > 0);
  const columns = Math.max(...rows.map((row) => row.length));
  const panels = rows.flat();
  const data: PlotlyTrace[] = [];
  const diagonals: PlotlyTrace[] = [];
  const listed = new Set<string>();
  const layout = subplotLayout({
    rows: rows.length,
    columns,
    width: 360 * columns + 60,
    height: 350 * rows.length + 40,
    panelTitles: panels.map(({ title }) => title),
    xTitle: panels.map(({ xTitle }) => xTitle),
    yTitle: panels.map(({ yTitle }) => yTitle),
    gapX: 84,
    gapY: 96,
  });
  panels.forEach((panel, index) => {
    const suffix = axisSuffix(index);
    const looks = modelLooks(panel.clouds.map(({ label }) => label));
    const axes = panelAxes(index);
    panel.clouds.forEach((cloud, i) => {
      data.push(
        ...cloudTraces(cloud, looks[i], { ...axes, legendgroup: cloud.label }, panel, !listed.has(cloud.label)),
      );
      listed.add(cloud.label);
    });
    const written = panel.clouds.filter(({ correlation }) => correlation);
    const [low, high] = rangeOf(panel.clouds.flatMap(({ y }) => y));
    if (panel.diagonal) {
      const [left, right] = rangeOf(panel.clouds.flatMap(({ x }) => x));
      diagonals.push(diagonalTrace(Math.max(left, low), Math.min(right, high), axes, diagonals.length === 0));
    }
    const room = 1 - TEXT_LINE * (written.length + 0.5);
    Object.assign(layout[`yaxis${suffix}`] as object, {
      range: [low - 0.05 * (high - low), low + ((high - low) * 1.03) / room],
    });
    (layout.annotations as unknown[]).push(
      ...written.map(({ label, correlation }, line) => ({
        text: correlationText(correlation!, written.length > 1 ? `${label}: ` : ""),
        font: { size: 12, color: INK },
        showarrow: false,
        xref: `x${suffix} domain`,
        yref: `y${suffix} domain`,
        x: 0.02,
        y: 1 - TEXT_LINE * line,
        xanchor: "left",
        yanchor: "top",
      })),
    );
  });
  data.push(...diagonals);
  legendAbove(layout);
  return { name: options.name, caption: options.caption, data, layout };
}

function rangeOf(values: readonly number[]): [number, number] {
  const finite = values.filter(Number.isFinite);
  return [Math.min(...finite), Math.max(...finite)];
}

function correlationText({ coefficient, log10P, n }: Correlation, label: string): string {
  if (Number.isNaN(coefficient)) return `${label}no ρ, n = ${n}`;
  return `${label}ρ = ${coefficient.toFixed(3)}, p = ${formatPValue(log10P)}, n = ${n}`;
}

function cloudTraces(
  { label, x, y, names, line }: ScatterCloud,
  look: ModelLook,
  shared: Record<string, unknown>,
  { xTitle, yTitle }: ScatterPanel,
  showlegend: boolean,
): PlotlyTrace[] {
  const many = x.length > 500;
  const traces: PlotlyTrace[] = [
    {
      ...shared,
      type: "scatter",
      mode: "markers",
      x,
      y,
      name: label,
      showlegend,
      marker: { color: look.color, symbol: look.symbol, size: many ? 4 : 6, opacity: many ? 0.4 : 0.75 },
      text: names ?? x.map((_, i) => `prompt ${i}`),
      hovertemplate: `%{text}<br>${xTitle} %{x:.3f}<br>${yTitle} %{y:.3f}<extra>%{fullData.name}</extra>`,
    },
  ];
  if (line && Number.isFinite(line.slope)) {
    const ends = rangeOf(x);
    traces.push({
      ...shared,
      type: "scatter",
      mode: "lines",
      x: ends,
      y: ends.map((end) => line.slope * end + line.intercept),
      name: `${label}, fitted line`,
      showlegend: false,
      line: { color: many ? INK : look.color, width: 2, dash: look.dash },
      hovertemplate: `slope ${line.slope.toFixed(3)}, intercept ${line.intercept.toFixed(3)}<extra>%{fullData.name}</extra>`,
    });
  }
  return traces;
}

function diagonalTrace(from: number, to: number, axes: Record<string, unknown>, showlegend: boolean): PlotlyTrace {
  return {
    ...axes,
    type: "scatter",
    mode: "lines",
    x: [from, to],
    y: [from, to],
    name: "x = y",
    legendgroup: "diagonal",
    showlegend,
    line: { color: INK, width: 1, dash: "dash" },
    hoverinfo: "skip",
  };
}

import type { FigureParts, PlotlyTrace } from "../machine/render/figure";
import { groupRows, type Row } from "../results/row";
import { type Correlation, correlate, fittedLine, whyNone } from "../statistics/correlation";
import { formatPValue } from "../statistics/significance";
import { linesThatFit, shortened, widthOf } from "./fittedText";
import { type Panel, type PanelLine, panelGrid, TEXT_LINE, TEXT_SIZE } from "./grid";
import { INK, type ModelLook, symbolLetter } from "./style";

/** What a scatter plot shows besides the points. */
export interface ScatterOptions {
  title: string;
  xTitle: string;
  yTitle: string;
  /** Of all models of the figure. */
  looks: ReadonlyMap<string, ModelLook>;
  /** "fit": a fitted line through the points of each model; "diagonal": x = y. */
  line: "fit" | "diagonal";
  /** What is done to the y values: Math.log of dimensions. */
  transform?: (value: number) => number;
}

/** Of a panel in CSS pixels: with its labels; what is between panels; at least for the points; a line of text at most. */
const PANEL_WIDTH = 370;
const GAP_X = 84;
const GAP_Y = 96;
const POINTS_HEIGHT = 170;
const TEXT_WIDTH = PANEL_WIDTH - GAP_X - 8;
/** Models whose names may take several lines. */
const FEW_MODELS = 3;

/** Scatter plots in a grid of panels. */
export function scatterGrid(rows: readonly (readonly Panel[])[]): FigureParts {
  const heights = rows.flat().map(({ lines = [] }) => heightOf(lines.length));
  return panelGrid({
    rows,
    panelWidth: PANEL_WIDTH,
    panelHeight: Math.max(...heights) + GAP_Y,
    gapX: GAP_X,
    gapY: GAP_Y,
  });
}

/** Of the plot itself, with so many lines of text above the points. */
const heightOf = (lines: number): number => Math.max(254, textHeight(lines) + POINTS_HEIGHT);
const textHeight = (lines: number): number => TEXT_LINE * (lines + 0.5);

/** One point a prompt, of each model, with the correlation written into the panel above its points. */
export function scatterPanel(x: readonly Row[], y: readonly Row[], options: ScatterOptions): Panel {
  const { title, xTitle, yTitle, looks, line, transform = (value: number) => value } = options;
  const models = groupRows(x, ({ model }) => model);
  const clouds = models.map((rows) => {
    const [{ model }] = rows;
    const partners = new Map(y.filter((row) => row.model === model).map((row) => [row.prompt, transform(row.value)]));
    const ys = rows.map(({ prompt }) => partners.get(prompt) ?? Number.NaN);
    const xs = rows.map(({ value }) => value);
    return {
      model,
      x: xs,
      y: ys,
      text: rows.map(({ prompt }) => prompt ?? ""),
      correlation: correlate(xs, ys, "pearson"),
    };
  });
  const fits = clouds.map((cloud) => (line === "fit" ? fitTraces(cloud, looks.get(cloud.model)!) : []));
  const [low, high] = rangeOf([
    ...clouds.flatMap(({ y: ys }) => ys),
    ...fits.flat().flatMap((fit) => fit.y as number[]),
  ]);
  const [left, right] = rangeOf(clouds.flatMap((cloud) => cloud.x));
  const lines =
    clouds.length > 1
      ? clouds.flatMap(({ model, correlation }) => modelLines(model, correlation, looks.get(model)!, clouds.length))
      : clouds.flatMap(({ correlation }) => linesThatFit(correlationText(correlation), TEXT_WIDTH, TEXT_SIZE));
  const spread = high - low || 1; // One point, or equal ones, have a height too.
  const room = 1 - textHeight(lines.length) / heightOf(lines.length);
  return {
    title,
    xTitle,
    yTitle,
    marks: [
      ...clouds.flatMap((cloud, i) => [pointsTrace(cloud, looks.get(cloud.model)!, options), ...fits[i]]),
      ...(line === "diagonal" && Number.isFinite(spread) ? [diagonalTrace([left, right], [low, high])] : []),
    ],
    yaxis: Number.isFinite(spread) ? { range: [low - 0.05 * spread, low + (spread * 1.03) / room] } : {},
    lines,
  };
}

interface Cloud {
  model: string;
  x: number[];
  y: number[];
  text: string[];
}

function rangeOf(values: readonly number[]): [number, number] {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  return [Math.min(...finite), Math.max(...finite)];
}

function correlationText({ coefficient, log10P, n }: Correlation): string {
  if (Number.isNaN(coefficient)) return `no ρ (${whyNone({ n })}), n = ${n}`;
  return `ρ = ${coefficient.toFixed(3).replace("-", "−")}, p = ${formatPValue(log10P)}, n = ${n}`;
}

/** What is said of one of several models, behind its marker; of many models a line each, in which long names lose their middle. */
function modelLines(
  model: string,
  correlation: Correlation,
  { symbol, color }: ModelLook,
  models: number,
): PanelLine[] {
  const marker = `<span style="color:${color}">${symbolLetter(symbol)}</span> `;
  const text = `: ${correlationText(correlation)}`;
  const width = TEXT_WIDTH - widthOf(marker, TEXT_SIZE);
  if (models <= FEW_MODELS) {
    return linesThatFit(model + text, width, TEXT_SIZE, 4).map((line, i) => (i === 0 ? marker + line : line));
  }
  const name = shortened(model, width - widthOf(text, TEXT_SIZE), TEXT_SIZE);
  return [{ text: marker + name + text, hover: model }];
}

const areMany = ({ x }: Cloud): boolean => x.length > 500;

function pointsTrace(cloud: Cloud, { color, symbol }: ModelLook, { xTitle, yTitle }: ScatterOptions): PlotlyTrace {
  const { model, x, y, text } = cloud;
  const [size, opacity] = areMany(cloud) ? [4, 0.4] : [6, 0.75];
  return {
    legendgroup: model,
    type: "scatter",
    mode: "markers",
    x,
    y,
    name: model,
    marker: { color, symbol, size, opacity },
    text,
    hovertemplate: `%{text}<br>${xTitle} %{x:.3f}<br>${yTitle} %{y:.3f}<extra>%{fullData.name}</extra>`,
  };
}

function fitTraces(cloud: Cloud, look: ModelLook): PlotlyTrace[] {
  const { model, x, y } = cloud;
  const { slope, intercept } = fittedLine(x, y);
  if (!Number.isFinite(slope)) return [];
  const ends = rangeOf(x);
  return [
    {
      legendgroup: model,
      type: "scatter",
      mode: "lines",
      x: ends,
      y: ends.map((end) => slope * end + intercept),
      name: `${model}, fitted line`,
      showlegend: false,
      line: { color: areMany(cloud) ? INK : look.color, width: 2, dash: look.dash },
      hovertemplate: `slope ${slope.toFixed(3)}, intercept ${intercept.toFixed(3)}<extra>%{fullData.name}</extra>`,
    },
  ];
}

/** x = y where both axes have points, or from the one to the other where they have none in common. */
function diagonalTrace([left, right]: [number, number], [low, high]: [number, number]): PlotlyTrace {
  const [from, to] = [Math.max(left, low), Math.min(right, high)].sort((a, b) => a - b);
  return {
    type: "scatter",
    mode: "lines",
    x: [from, to],
    y: [from, to],
    name: "x = y",
    legendgroup: "diagonal",
    legendrank: 1001, // behind the models
    line: { color: INK, width: 1, dash: "dash" },
    hoverinfo: "skip",
  };
}

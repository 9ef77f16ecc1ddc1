import { drawFigure } from "../render/drawing";
import type { Figure, PlotlyTrace } from "../render/figure";
import { chartConfig, chartLayout } from "../render/html";
import { plainFigure } from "../render/renderTheme";
import { inNotebook, type MimeBundle, sendToNotebook } from "../support/notebookOutput";
import { chartHtml, plotlyScript } from "./chart";
import { type FigureRecord, type PlotlyRecord, RECORD_TYPE } from "./record";

/** How a notebook starts. */
export interface NotebookOptions {
  /** false leaves the charts as static pictures, which makes the notebook 0.7 MB smaller. Default true. */
  interactive?: boolean;
}

/** How a figure is shown. */
export interface ShowFigureOptions {
  theme?: "light" | "dark" | "print";
  /** Pixels of the static picture for each CSS pixel, 1.5 by default. */
  scale?: number;
}

/** Digits that are kept of the numbers behind a chart in a notebook; exported figures have them all. */
const CHART_DIGITS = 7;

/**
 * The first cell of every notebook: makes the charts of this notebook interactive, without a network, by putting Plotly
 * into the cell's output. Charts shown before this cell has run are drawn once it has. Outside a notebook it does nothing.
 *
 * @example await startNotebook();
 */
export async function startNotebook(options: NotebookOptions = {}): Promise<void> {
  if (!inNotebook() || options.interactive === false) return;
  const text = "Charts in this notebook are interactive; everything they need is inside.";
  const record: PlotlyRecord = { kind: "plotly" };
  sendToNotebook({ [RECORD_TYPE]: record, "text/html": `<small>${text}</small>${plotlyScript()}`, "text/plain": text });
}

/**
 * Shows a figure: as an interactive chart where scripts run, as the same picture where they do not, as its caption in
 * plain text. Outside a notebook its caption is printed.
 *
 * @throws UserError as renderSvg
 * @example
 * const data = [{ type: "bar", y: [1, 3, 2] }];
 * await showFigure({ name: "bars", caption: "Three bars.", data, layout: { width: 300, height: 200 } });
 */
export async function showFigure(figure: Figure, options: ShowFigureOptions = {}): Promise<void> {
  if (inNotebook()) sendToNotebook(await figureBundle(figure, options));
  else console.log(`[figure ${figure.name}] ${figure.caption}`);
}

/** A chart as Plotly takes it: traces, and a layout that needs no size. */
export interface Chart {
  /** Traces. Not of {@link PlotlyTrace}'s type: that of Plotly 3 lacks values that Plotly takes ("markers+text", bins without an end). */
  data: readonly object[];
  layout?: object;
}

/**
 * Shows a chart that stands in a cell as Plotly takes it: {@link showFigure} without a name, a caption and a size.
 *
 * @throws UserError as {@link showFigure}
 * @see https://plotly.com/javascript/reference
 * @example await show({ data: [{ type: "histogram", x: [1, 2, 2, 3] }], layout: { title: { text: "mu" } } });
 */
export async function show({ data, layout = {} }: Chart, options: ShowFigureOptions = {}): Promise<void> {
  const { title } = layout as { title?: string | { text?: string } };
  const caption = (typeof title === "string" ? title : title?.text) ?? "";
  const figure = { name: "chart", caption, data: [...data], layout: { width: 700, height: 420, ...layout } };
  await showFigure(figure, options);
}

/** All forms of a figure that a notebook takes. */
export async function figureBundle(figure: Figure, options: ShowFigureOptions = {}): Promise<MimeBundle> {
  const png = (await drawFigure(figure, "png", { theme: options.theme, scale: options.scale ?? 1.5 })) as Buffer;
  const plain = plainFigure(figure, options.theme, CHART_DIGITS);
  const { name, caption, provenance } = figure;
  const record: FigureRecord = { kind: "figure", name, caption, ...(provenance && { provenance }) };
  return {
    [RECORD_TYPE]: record,
    "application/vnd.plotly.v1+json": {
      data: plain.data,
      layout: chartLayout(plain.layout),
      config: chartConfig(figure),
    },
    "text/html": chartHtml(plain, png),
    "image/png": png.toString("base64"),
    "text/plain": `[figure ${figure.name}] ${figure.caption}`,
  };
}

/**
 * Shows Markdown; outside a notebook it is printed as it is.
 *
 * @example showMarkdown("The mean is **2.5**.");
 */
export function showMarkdown(markdown: string): void {
  if (!sendToNotebook({ "text/markdown": markdown, "text/plain": markdown })) console.log(markdown);
}

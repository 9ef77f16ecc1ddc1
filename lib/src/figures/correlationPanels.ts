import type { CorrelationProfile } from "../experiment/lossCorrelation";
import type { Profile } from "../experiment/profiles";
import type { Band } from "../statistics/bootstrap";
import type { Correlation } from "../statistics/correlation";
import { formatPValue, SIGNIFICANCE_LEVEL } from "../statistics/significance";
import type { Figure, PlotlyTrace } from "./figure";
import { INK, type ModelLook, modelLooks, panelAxes, subplotLayout, withOpacity } from "./style";

/** Correlations of one model, layer by layer. */
export interface CorrelationCurve {
  /** The model, for the legend and the color. */
  label: string;
  profile: CorrelationProfile;
  /** Ends of the band, one a layer; Fisher's 95% interval without it. */
  band?: Band;
  /** The same read off a printed figure. */
  readOff?: Profile;
  /** Without it, the look of the model that the label names. */
  look?: ModelLook;
}

/** Correlations as they are printed: without p-values and intervals. */
export interface PrintedCorrelation {
  label: string;
  layers: number[];
  coefficients: number[];
  /** A line for a value that belongs to no single layer, markers for what was read off a figure. */
  mode: "lines" | "markers";
  /** For the hover text. */
  note: string;
  look: ModelLook;
}

/** One panel of a grid. */
export interface CorrelationPanel {
  title: string;
  /** "this machine" or "published": heads the panel's models in the legend. */
  origin: string;
  curves: CorrelationCurve[];
  printed?: PrintedCorrelation[];
}

export interface CorrelationGridOptions {
  name: string;
  caption: string;
  yTitle: string;
  /** Row by row, each row as long as the first; empty rows are left out. */
  rows: CorrelationPanel[][];
}

const LEGEND_WIDTH = 190;
/** Height of a legend entry, and how many there are besides the curves: headings and what the markers mean. */
const LEGEND_LINE = 22;
const LEGEND_HEADS = 7;

/**
 * Correlations by layer in a grid of panels: a line with its confidence band for each model, filled markers where
 * p < 0.01, open ones elsewhere.
 */
export function correlationGrid(options: CorrelationGridOptions): Figure {
  const rows = options.rows.filter((row) => row.length > 0);
  const columns = Math.max(...rows.map((row) => row.length));
  const data: PlotlyTrace[] = [];
  const listed = new Set<string>();
  rows.forEach((row, rowIndex) => {
    row.forEach(({ origin, curves, printed = [] }, column) => {
      const axes = panelAxes(rowIndex * columns + column);
      const looks = modelLooks(curves.map(({ label }) => label));
      const shared = (label: string) => {
        const group = `${origin}: ${label}`;
        const isFirst = ![...listed].some((other) => other.startsWith(`${origin}: `));
        const showlegend = !listed.has(group);
        listed.add(group);
        return { ...axes, legendgroup: group, ...(isFirst ? headOf(origin) : {}), showlegend };
      };
      curves.forEach((curve, index) => {
        data.push(
          ...curveTraces(curve, curve.look ?? looks[index], shared(curve.label), curves.length > 4 ? 0.06 : 0.12),
        );
      });
      for (const curve of printed) data.push(printedTrace(curve, shared(curve.label)));
    });
  });
  const hasReadOff = rows.flat().some(({ curves }) => curves.some(({ readOff }) => readOff));
  if (rows.flat().some(({ curves }) => curves.length > 0)) data.push(...keyTraces(hasReadOff));
  const layout = subplotLayout({
    rows: rows.length,
    columns,
    width: 360 * columns + LEGEND_WIDTH + 40,
    height: Math.max(110 + LEGEND_LINE * (listed.size + LEGEND_HEADS), 330 * rows.length + 40),
    panelTitles: rows.flatMap((row) => Array.from({ length: columns }, (_, column) => row[column]?.title ?? "")),
    xTitle: "layer",
    yTitle: options.yTitle,
    sharedY: true,
    gapY: 76,
    right: LEGEND_WIDTH,
    yaxis: { zeroline: true, zerolinecolor: INK, zerolinewidth: 1 },
  });
  layout.legend = { ...(layout.legend as object), groupclick: "togglegroup", tracegroupgap: 2 };
  return { name: options.name, caption: options.caption, data, layout };
}

function headOf(origin: string): Record<string, unknown> {
  return { legendgrouptitle: { text: origin, font: { size: 13 } } };
}

function curveTraces(
  curve: CorrelationCurve,
  look: ModelLook,
  shared: Record<string, unknown>,
  bandOpacity: number,
): PlotlyTrace[] {
  const { layers, correlations } = curve.profile;
  const kept = layers.map((_, i) => i).filter((i) => Number.isFinite(correlations[i].coefficient));
  const band = curve.band ?? { low: correlations.map(({ low }) => low), high: correlations.map(({ high }) => high) };
  const within = kept.filter((i) => Number.isFinite(band.low[i]) && Number.isFinite(band.high[i]));
  const x = within.map((i) => layers[i]);
  const ends = [...within.map((i) => band.high[i]), ...within.map((i) => band.low[i]).toReversed()];
  const traces: PlotlyTrace[] = [];
  if (within.length > 1) {
    traces.push({
      ...shared,
      type: "scatter",
      mode: "lines",
      x: [...x, ...x.toReversed()],
      y: ends,
      fill: "toself",
      fillcolor: withOpacity(look.color, bandOpacity),
      line: { width: 0 },
      hoverinfo: "skip",
      name: `${curve.label}, 95% band`,
      showlegend: false,
    });
  }
  const line = { color: look.color, width: 2, dash: look.dash };
  // A legend shows the first marker of a curve, filled or open as it may be; this one is always filled.
  const marker = { color: look.color, size: 6, symbol: look.symbol };
  traces.push({
    ...shared,
    type: "scatter",
    mode: "lines+markers",
    x: [null],
    y: [null],
    name: curve.label,
    line,
    marker,
  });
  traces.push({
    ...shared,
    showlegend: false,
    type: "scatter",
    mode: "lines+markers",
    x: kept.map((i) => layers[i]),
    y: kept.map((i) => correlations[i].coefficient),
    name: curve.label,
    line,
    marker: {
      ...marker,
      symbol: kept.map((i) => (correlations[i].p < SIGNIFICANCE_LEVEL ? look.symbol : `${look.symbol}-open`)),
    },
    text: kept.map((i) => [`layer ${layers[i]}`, ...describeCorrelation(correlations[i], band, i)].join("<br>")),
    hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
  });
  if (curve.readOff) {
    const { layers: printed, values } = curve.readOff;
    const label = `${curve.label}, read off`;
    const note = "read off the printed figure";
    const trace = { label, layers: printed, coefficients: values, mode: "markers" as const, note, look };
    traces.push(printedTrace(trace, { ...shared, showlegend: false }));
  }
  return traces;
}

function printedTrace(
  { label, layers, coefficients, mode, note, look }: PrintedCorrelation,
  shared: Record<string, unknown>,
): PlotlyTrace {
  const there = layers.map((_, i) => i).filter((i) => Number.isFinite(coefficients[i]));
  return {
    ...shared,
    type: "scatter",
    mode,
    x: there.map((i) => layers[i]),
    y: there.map((i) => coefficients[i]),
    name: label,
    ...(mode === "lines"
      ? { line: { color: look.color, width: 2, dash: look.dash } }
      : { marker: { color: look.color, size: 6, symbol: "x" } }),
    text: there.map((i) => `ρ ${coefficients[i]}<br>${note}`),
    hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
  };
}

function describeCorrelation({ coefficient, log10P, n }: Correlation, { low, high }: Band, index: number): string[] {
  const known = Number.isFinite(low[index]);
  const interval = known ? [`95% band ${low[index].toFixed(3)} to ${high[index].toFixed(3)}`] : [];
  return [`ρ ${coefficient.toFixed(3)}`, ...interval, `p ${formatPValue(log10P)}`, `n ${n}`];
}

/** Legend entries that say what the markers mean. */
function keyTraces(hasReadOff: boolean): PlotlyTrace[] {
  const entries = [
    { name: "p < 0.01", symbol: "circle" },
    { name: "p ≥ 0.01", symbol: "circle-open" },
    ...(hasReadOff ? [{ name: "read off the paper", symbol: "x" }] : []),
  ];
  return entries.map(({ name, symbol }, index) => ({
    type: "scatter",
    mode: "markers",
    x: [null],
    y: [null],
    name,
    legendgroup: `marker ${index}`,
    marker: { color: INK, size: symbol === "x" ? 5 : 6, symbol },
    hoverinfo: "skip",
    ...(index === 0 ? headOf("markers") : {}),
  }));
}

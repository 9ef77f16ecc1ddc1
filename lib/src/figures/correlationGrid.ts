import type { FigureParts, PlotlyTrace } from "../machine/render/figure";
import { type CorrelationRow, distinct, groupRows } from "../results/row";
import { whyNone } from "../statistics/correlation";
import { formatPValue, SIGNIFICANCE_LEVEL } from "../statistics/significance";
import { linesThatFit } from "./fittedText";
import { type Panel, panelGrid, TEXT_SIZE } from "./grid";
import { INK, type ModelLook, modelLooks, withOpacity } from "./style";

/** Of a panel with its labels, and of text in it, in CSS pixels. */
const PANEL_WIDTH = 360;
const TEXT_WIDTH = PANEL_WIDTH - 60;

/**
 * Correlations by layer in a grid of panels: a line with its 95% band for each curve, filled markers where p < 0.01, open
 * ones elsewhere; dotted ones for what was read off figures, level lines for what belongs to no layer.
 */
export function correlationGrid(rows: readonly (readonly Panel[])[], yTitle: string): FigureParts {
  const keys = keyTraces(
    rows.flat().some(({ marks }) => marks.some(({ marker }) => String(marker?.symbol).endsWith(READ_OFF))),
  );
  return panelGrid({
    rows,
    xTitle: "layer",
    yTitle,
    panelWidth: rows.every((row) => row.length === 1) ? 520 : PANEL_WIDTH,
    panelHeight: 330,
    gapY: 76,
    sharedY: true,
    legend: "right",
    keys,
  });
}

/**
 * A panel of correlations.
 *
 * @param origin heads the panel's curves in the legend
 * @param looks by the label of a curve, or by its model where it has none
 */
export function correlationPanel(
  title: string,
  origin: string,
  rows: readonly CorrelationRow[],
  looks: ReadonlyMap<string, ModelLook>,
): Panel {
  const names = distinct(rows, nameOf);
  const last = Math.max(...rows.map(({ layer }) => layer ?? 0));
  const marks = names.flatMap((name, index) => {
    const look = looks.get(name)!;
    const shared = {
      legendgroup: `${origin}: ${name}`,
      ...(index === 0 ? { legendgrouptitle: { text: origin, font: { size: 13 } } } : {}),
    };
    const opacity = Math.min(0.12, 0.4 / names.length);
    const curves = groupRows(
      rows.filter((row) => nameOf(row) === name),
      ({ note }) => note,
    );
    return curves.flatMap((curve): PlotlyTrace[] => {
      if (curve[0].note === undefined) return curveTraces(curve, name, look, opacity, shared);
      const isListed = curves.length === 1 || curve[0].layer === null;
      return [
        printedTrace(curve, isListed ? name : `${name}, read off`, look, last, {
          ...shared,
          showlegend: isListed,
        }),
      ];
    });
  });
  const lines = names.flatMap((name) => {
    const curve = rows.filter((row) => nameOf(row) === name);
    if (curve.some(({ coefficient }) => Number.isFinite(coefficient))) return [];
    return linesThatFit(`${name}: no ρ, ${whyNone(curve[0])}`, TEXT_WIDTH, TEXT_SIZE);
  });
  return { title, marks, lines, yaxis: { zeroline: true, zerolinecolor: INK, zerolinewidth: 1 } };
}

/** Looks of all curves of a figure. */
export const looksOf = (rows: readonly CorrelationRow[]): Map<string, ModelLook> => modelLooks(rows.map(nameOf));

const nameOf = ({ label, model }: CorrelationRow): string => label ?? model;

function curveTraces(
  all: readonly CorrelationRow[],
  name: string,
  look: ModelLook,
  opacity: number,
  shared: PlotlyTrace,
): PlotlyTrace[] {
  const rows = all.filter(({ coefficient }) => Number.isFinite(coefficient));
  const within = rows.filter(({ low, high }) => Number.isFinite(low) && Number.isFinite(high));
  const x = within.map(layerOf);
  const ends = [...within.map(({ high }) => high), ...within.map(({ low }) => low).toReversed()];
  const line = { color: look.color, width: 2, dash: look.dash };
  const marker = { color: look.color, size: 6, symbol: look.symbol };
  const curve: PlotlyTrace = { ...shared, type: "scatter", mode: "lines+markers", name, line };
  const band: PlotlyTrace = {
    ...shared,
    type: "scatter",
    mode: "lines",
    x: [...x, ...x.toReversed()],
    y: ends,
    fill: "toself",
    fillcolor: withOpacity(look.color, opacity),
    line: { width: 0 },
    hoverinfo: "skip",
    name: `${name}, 95% band`,
    showlegend: false,
  };
  return [
    ...(within.length > 1 ? [band] : []),
    // A legend shows the first marker of a curve, filled or open as it may be; this one is always filled.
    { ...curve, x: [null], y: [null], marker },
    {
      ...curve,
      showlegend: false,
      x: rows.map(layerOf),
      y: rows.map(({ coefficient }) => coefficient),
      marker: {
        ...marker,
        symbol: rows.map(({ p }) => (p < SIGNIFICANCE_LEVEL ? look.symbol : `${look.symbol}-open`)),
      },
      text: rows.map(describe),
      hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
    },
  ];
}

const layerOf = ({ layer }: CorrelationRow): number => layer ?? 0;

/** Ends the names of markers of what was read off a figure. */
const READ_OFF = "-open-dot";

/** What was printed: a line for a value that belongs to no single layer, dotted markers for what was read off a figure. */
function printedTrace(
  rows: readonly CorrelationRow[],
  name: string,
  look: ModelLook,
  last: number,
  shared: PlotlyTrace,
): PlotlyTrace {
  const isLevel = rows[0].layer === null;
  const shown = isLevel ? [rows[0], rows[0]] : rows;
  return {
    ...shared,
    type: "scatter",
    mode: isLevel ? "lines" : "markers",
    x: isLevel ? [1, last || 32] : rows.map(layerOf),
    y: shown.map(({ coefficient }) => coefficient),
    name,
    ...(isLevel
      ? { line: { color: look.color, width: 2, dash: look.dash } }
      : { marker: { color: look.color, size: 7, symbol: look.symbol + READ_OFF } }),
    text: shown.map(({ coefficient, note }) => `ρ ${coefficient}<br>${note}`),
    hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
  };
}

function describe({ layer, coefficient, low, high, log10P, n }: CorrelationRow): string {
  const interval = Number.isFinite(low) ? [`95% band ${low.toFixed(3)} to ${high.toFixed(3)}`] : [];
  return [`layer ${layer}`, `ρ ${coefficient.toFixed(3)}`, ...interval, `p ${formatPValue(log10P)}`, `n ${n}`].join(
    "<br>",
  );
}

/** Legend entries that say what the markers mean. */
function keyTraces(hasReadOff: boolean): PlotlyTrace[] {
  const entries = [
    { name: "p < 0.01", symbol: "circle" },
    { name: "p ≥ 0.01", symbol: "circle-open" },
    ...(hasReadOff ? [{ name: "read off the paper", symbol: `circle${READ_OFF}` }] : []),
  ];
  return entries.map(({ name, symbol }, index) => ({
    type: "scatter",
    mode: "markers",
    x: [null],
    y: [null],
    name,
    legendgroup: `marker ${index}`,
    marker: { color: INK, size: 7, symbol },
    hoverinfo: "skip",
    ...(index === 0 ? { legendgrouptitle: { text: "markers", font: { size: 13 } } } : {}),
  }));
}

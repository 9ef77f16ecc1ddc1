import type { Figure, PlotlyTrace } from "./figure";
import {
  axisSuffix,
  colorBarTrace,
  legendAbove,
  type MeanBand,
  meanBandTraces,
  panelAxes,
  subplotLayout,
} from "./style";

/** A curve of a panel, with a band if it has a standard deviation. */
export type Curve = Omit<MeanBand, "xaxis" | "yaxis" | "showLegend" | "legendGroup">;

/** One panel of a grid. */
export interface Panel {
  /** Above the panel. */
  title: string;
  curves: Curve[];
}

export interface PanelGridOptions {
  name: string;
  caption: string;
  /** Row by row. */
  rows: Panel[][];
  /** Rows with the same number have one vertical range; each row its own without it. Entry i is of `rows[i]`. */
  yGroups?: number[];
  xTitle: string;
  /** One for all rows, or one for each. */
  yTitle: string | string[];
  xaxis?: Record<string, unknown>;
  /** Largest shuffle index of a color bar to the right; no color bar without it. */
  colorBar?: number;
  /** Names of curves that the color bar or the panel titles explain, so that the legend leaves them out. */
  unlisted?: (curve: Curve) => boolean;
  /** Of a panel, in CSS pixels, with its share of the labels. */
  panelWidth?: number;
  panelHeight?: number;
}

/**
 * Curves in a grid of panels, with one legend above all of them: every name once, a click on it shows and hides the curves
 * of that name in all panels. Rows without panels are left out.
 */
export function panelGrid(options: PanelGridOptions): Figure {
  const kept = options.rows.map((_, index) => index).filter((index) => options.rows[index].length > 0);
  const rows = kept.map((index) => options.rows[index]);
  const yGroups = kept.map((index) => options.yGroups?.[index] ?? index);
  const columns = Math.max(...rows.map((row) => row.length));
  const data: PlotlyTrace[] = [];
  const listed = new Set<string>();
  const titles = rows.flatMap((row) => Array.from({ length: columns }, (_, column) => row[column]?.title ?? ""));
  const yTitles = kept.flatMap((index) => {
    const title = Array.isArray(options.yTitle) ? options.yTitle[index] : options.yTitle;
    return Array.from({ length: columns }, (_, column) => (column === 0 ? title : undefined));
  });
  rows.forEach((row, rowIndex) => {
    row.forEach(({ curves }, column) => {
      const axes = panelAxes(rowIndex * columns + column);
      for (const curve of curves) {
        const showLegend = !listed.has(curve.name) && !options.unlisted?.(curve);
        if (showLegend) listed.add(curve.name);
        data.push(...meanBandTraces({ ...curve, ...axes, showLegend }));
      }
    });
  });
  if (options.colorBar !== undefined) data.push(colorBarTrace(options.colorBar));
  const right = options.colorBar === undefined ? 0 : 90;
  const layout = subplotLayout({
    rows: rows.length,
    columns,
    width: 40 + (options.panelWidth ?? 340) * columns + right,
    height: 60 + (options.panelHeight ?? 300) * rows.length,
    panelTitles: titles,
    xTitle: options.xTitle,
    yTitle: yTitles as string[],
    gapX: 56,
    gapY: 74,
    right,
    xaxis: options.xaxis,
  });
  rows.forEach((row, rowIndex) => {
    for (let column = 0; column < columns; column++) {
      const suffix = axisSuffix(rowIndex * columns + column);
      const first = axisSuffix(yGroups.indexOf(yGroups[rowIndex]) * columns);
      if (first !== suffix) (layout[`yaxis${suffix}`] as Record<string, unknown>).matches = `y${first}`;
      if (column < row.length) continue;
      for (const axis of [`xaxis${suffix}`, `yaxis${suffix}`])
        (layout[axis] as Record<string, unknown>).visible = false;
    }
  });
  if (listed.size > 0) legendAbove(layout);
  else layout.showlegend = false;
  return { name: options.name, caption: options.caption, data, layout };
}

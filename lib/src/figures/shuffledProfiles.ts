import type { MeanProfile, Profile } from "../experiment/profiles";
import type { Figure, PlotlyTrace } from "./figure";
import { colorBarTrace, HIGHLIGHT, legendAbove, meanBandTraces, panelAxes, shuffleColor, subplotLayout } from "./style";

/** A profile of one prompt or a mean over prompts, at one shuffle index. */
export interface Shuffled<Curve> {
  shuffleIndex: number;
  curve: Curve;
}

/** One row of the figure: what one experiment (or the paper) says of a quantity. */
export interface ProfileSource {
  /** Model and origin, above the panels: "llama-mini, this machine". */
  label: string;
  /** Name of the single prompt. */
  promptName: string;
  prompt: Shuffled<Profile>[];
  mean: Shuffled<MeanProfile>[];
}

export interface ShuffledProfilesOptions {
  name: string;
  caption: string;
  /** The quantity, on the vertical axes. */
  quantity: string;
  sources: ProfileSource[];
  /** Layers that are grayed out in the right panel of each row (Figure 5). */
  bands?: ({ first: number; last: number } | undefined)[];
  /** Range of the vertical axes; from the data without it. */
  range?: [number, number];
}

/**
 * The paper's two-panel layout of Figures 2, 3 and 5, one row a source: left, one prompt at every shuffle index; right,
 * mean and standard deviation over prompts for the prompt as it is and for the full permutation.
 */
export function shuffledProfilesFigure(options: ShuffledProfilesOptions): Figure {
  const { sources, quantity } = options;
  const maximum = Math.max(
    ...sources.flatMap(({ prompt, mean }) => [...prompt, ...mean].map((part) => part.shuffleIndex)),
  );
  const data: PlotlyTrace[] = [];
  const titles: string[] = [];
  const shapes: Record<string, unknown>[] = [];
  sources.forEach((source, row) => {
    const left = panelAxes(2 * row);
    const right = panelAxes(2 * row + 1);
    const n = source.mean[0]?.curve.n ?? 0;
    titles.push(`${source.label}: ${source.promptName}`, `${source.label}: mean ± sd, ${n} prompts`);
    for (const { shuffleIndex, curve } of source.prompt) {
      const color = shuffleColor(shuffleIndex, maximum);
      const line = { x: curve.layers, mean: curve.values, n: 1, name: `S = ${shuffleIndex}`, color };
      data.push(...meanBandTraces({ ...line, ...left, valueLabel: quantity, showLegend: false }));
    }
    for (const { shuffleIndex, curve } of source.mean) {
      const line = { x: curve.layers, mean: curve.mean, sd: curve.std, n: curve.n };
      const name = nameOf(shuffleIndex);
      const color = shuffleColor(shuffleIndex, maximum);
      data.push(
        ...meanBandTraces({
          ...line,
          ...right,
          name,
          color,
          valueLabel: quantity,
          showLegend: row === 0,
          legendGroup: name,
        }),
      );
    }
    const band = options.bands?.[row];
    if (band) shapes.push(grayBand(band, right));
  });
  data.push(colorBarTrace(maximum));
  const layout = subplotLayout({
    rows: sources.length,
    columns: 2,
    width: 1000,
    height: 60 + 330 * sources.length,
    panelTitles: titles,
    xTitle: "layer",
    yTitle: quantity,
    right: 90,
    yaxis: options.range ? { range: options.range } : {},
  });
  legendAbove(layout);
  layout.shapes = shapes;
  return { name: options.name, caption: options.caption, data, layout };
}

function nameOf(shuffleIndex: number): string {
  return shuffleIndex === 0 ? "structured (S = 0)" : `shuffled (S = ${shuffleIndex})`;
}

function grayBand(
  { first, last }: { first: number; last: number },
  { xaxis, yaxis }: { xaxis: string; yaxis: string },
) {
  return {
    type: "rect",
    xref: xaxis,
    yref: `${yaxis} domain`,
    x0: first - 0.5,
    x1: last + 0.5,
    y0: 0,
    y1: 1,
    fillcolor: HIGHLIGHT,
    opacity: 0.6,
    line: { width: 0 },
    layer: "below",
  };
}

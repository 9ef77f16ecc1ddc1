import type { PromptResult } from "../experiment/experiment";
import { type Angles, type MeanAngles, meanAngles, promptAngles } from "../experiment/neighborAngles";
import type { Figure, PlotlyTrace } from "./figure";
import { axisSuffix, legendAbove, panelAxes, shuffleColor, subplotLayout, withOpacity } from "./style";

/**
 * Figure 4: angles at which tokens see their two nearest neighbors, at one layer, as written and shuffled. Left: the tokens
 * of one prompt. Right: the mean angles of many prompts.
 *
 * @param promptResults of the single prompt, at the shuffle indices to be shown
 * @param meanResults of many prompts, at the same indices
 * @param layer 1..L
 * @param binWidth of the right panel, in degrees
 * @throws UserError if there is no such layer or no result
 */
export function figure4(
  promptResults: readonly PromptResult[],
  meanResults: readonly PromptResult[],
  layer: number,
  binWidth = 0.5,
): Figure {
  const left = promptAngles(promptResults, layer);
  const right = meanAngles(meanResults, layer);
  const indices = [...left, ...right].map(({ shuffleIndex }) => shuffleIndex);
  const maximum = Math.max(...indices);
  const data: PlotlyTrace[] = [
    ...left.map((angles) => histogramTrace(angles, bins(angles), "tokens", 0, maximum)),
    ...right.map((angles) => histogramTrace(angles, meanBins(angles, binWidth), "prompts", 1, maximum)),
  ];
  const { model } = meanResults[0];
  const layout = subplotLayout({
    rows: 1,
    columns: 2,
    width: 1000,
    height: 420,
    panelTitles: [
      `${model}, layer ${layer}: ${promptResults[0].prompt}`,
      `${model}, layer ${layer}: ${right[0].values.length} prompts`,
    ],
    xTitle: ["angle to the two nearest neighbors (degrees)", "mean angle of a prompt (degrees)"],
    yTitle: ["tokens", "prompts"],
    gapX: 84,
    yaxis: { rangemode: "tozero" },
  });
  Object.assign(layout.xaxis as object, { range: [0, 180], dtick: 30 });
  // Prompts are few: without this the axis would count halves of them.
  const highest = Math.max(...right.flatMap((angles) => meanBins(angles, binWidth).counts));
  Object.assign(layout.yaxis2 as object, { dtick: Math.max(1, Math.ceil(highest / 6)) });
  layout.shapes = [
    ...left.map((angles) => meanLine(angles.mean, 0, angles.shuffleIndex, maximum)),
    ...right.map((angles) => meanLine(angles.mean, 1, angles.shuffleIndex, maximum)),
  ];
  legendAbove(layout);
  return {
    name: "fig04",
    caption:
      `Angle at which a token sees its two nearest neighbors, layer ${layer} of ${model}. Left: the tokens of one prompt. ` +
      "Right: the mean angles of the prompts. Vertical lines: means. As written (S = 0) and with all tokens permuted.",
    data,
    layout,
  };
}

/** Left edges and counts, in degrees. */
interface Bins {
  edges: number[];
  counts: number[];
}

function bins({ histogram }: Angles): Bins {
  const width = 180 / histogram.length;
  return { edges: histogram.map((_, i) => i * width), counts: histogram };
}

function meanBins({ values }: MeanAngles, width: number): Bins {
  const first = Math.floor(Math.min(...values) / width);
  const last = Math.floor(Math.max(...values) / width);
  const edges = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * width);
  const counts = edges.map((_, i) => values.filter((value) => Math.floor(value / width) === first + i).length);
  return { edges, counts };
}

/** An outline with a translucent fill: two histograms over each other stay readable. */
function histogramTrace(
  { shuffleIndex, mean, std }: { shuffleIndex: number; mean: number; std: number },
  { edges, counts }: Bins,
  what: string,
  panel: number,
  maximum: number,
): PlotlyTrace {
  const width = edges.length > 1 ? edges[1] - edges[0] : 0.5;
  const color = shuffleColor(shuffleIndex, maximum);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const end = edges[edges.length - 1] + width;
  const text = edges.map(
    (edge, i) =>
      `${Number(edge.toFixed(3))} to ${Number((edge + width).toFixed(3))} degrees<br>${counts[i]} of ${total} ${what}<br>` +
      `mean ${mean.toFixed(2)}<br>sd ${std.toFixed(2)}`,
  );
  return {
    type: "scatter",
    mode: "lines",
    x: [edges[0], ...edges, end],
    y: [0, ...counts, 0],
    text: [text[0], ...text, text[text.length - 1]],
    hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
    line: { color, width: 1.5, shape: "hv", dash: shuffleIndex === 0 ? "solid" : "dot" },
    fill: "tozeroy",
    fillcolor: withOpacity(color, 0.25),
    name: shuffleIndex === 0 ? "structured (S = 0)" : `shuffled (S = ${shuffleIndex})`,
    legendgroup: String(shuffleIndex),
    showlegend: panel === 0,
    ...panelAxes(panel),
  };
}

function meanLine(mean: number, panel: number, shuffleIndex: number, maximum: number): Record<string, unknown> {
  const suffix = axisSuffix(panel);
  const line = { color: shuffleColor(shuffleIndex, maximum), width: 2, dash: shuffleIndex === 0 ? "solid" : "dot" };
  return { type: "line", xref: `x${suffix}`, yref: `y${suffix} domain`, x0: mean, x1: mean, y0: 0, y1: 1, line };
}

import { ANGLE_BINS, BIN_DEGREES } from "../geometry/neighborAngles";
import type { PlotlyTrace } from "../machine/render/figure";
import { groupRows, isMean, isValue, type MeanRow, type Row, select } from "../results/row";
import { modelInWords, promptsInWords } from "../results/wording";
import { type Panel, panelGrid } from "./grid";
import { defineFigure } from "./paperFigure";
import { largestShuffle, type ProfileRow, shuffleName } from "./profileGrid";
import { shuffleColor, withOpacity } from "./style";

/**
 * Figure 4: angles at which tokens see their two nearest neighbors, at one layer, as written and shuffled. Left: the tokens
 * of one prompt. Right: the mean angles of many prompts.
 *
 * Of one layer of one model: left of a prompt's rows of neighborAngle, neighborAngleDeviation and neighborAngleCount, right of the
 * means of neighborAngle and of their histogram.
 */
export const figure4 = defineFigure<ProfileRow>({
  number: "4",
  title: "Angles to the nearest neighbors",
  notebook: "fig04-neighbor-angles",
  caption: ([{ layer, model }]) =>
    `Angle at which a token sees its two nearest neighbors, layer ${layer} of ${model}. Left: the tokens of one prompt. ` +
    "Right: the mean angles of the prompts. Vertical lines: means. As written (S = 0) and with all tokens permuted.",
  draw: (rows) => {
    const maximum = largestShuffle(rows);
    const where = `${modelInWords(rows[0])}, layer ${rows[0].layer}`;
    const ofPrompt = rows.filter(isValue).filter(({ prompt }) => prompt !== null);
    const tokens = groupRows(ofPrompt, ({ shuffle }) => shuffle).map((group) => {
      const theValue = (quantity: Row["quantity"]) => select(group, { quantity })[0].value;
      const counts = Array.from({ length: ANGLE_BINS }, (_, bin) => {
        const [row] = select(group, { quantity: "neighborAngleCount", parameter: bin * BIN_DEGREES });
        return row?.value ?? 0;
      });
      const edges = counts.map((_, bin) => bin * BIN_DEGREES);
      const moments = { mean: theValue("neighborAngle"), sd: theValue("neighborAngleDeviation") };
      return { shuffle: group[0].shuffle, ...moments, edges, counts };
    });
    const means: MeanRow[] = rows.filter(isMean);
    const prompts = means.map(({ shuffle, mean, sd }) => {
      const bins = rows.filter(isValue).filter((row) => row.prompt === null && row.shuffle === shuffle);
      const edges = bins.map(({ parameter }) => parameter ?? 0);
      return { shuffle, mean, sd, edges, counts: bins.map(({ value }) => value) };
    });
    const highest = Math.max(...prompts.flatMap(({ counts }) => counts));
    const panel = (angles: Angles[], what: string): Pick<Panel, "marks" | "shapes" | "yTitle"> => ({
      yTitle: what,
      marks: angles.map((one) => histogramTrace(one, what, maximum)),
      shapes: angles.map(({ mean, shuffle }) => meanLine(mean, shuffle, maximum)),
    });
    return panelGrid({
      rows: [
        [
          {
            title: `${where}: ${ofPrompt[0]?.prompt}`,
            ...panel(tokens, "tokens"),
            xTitle: "angle to the two nearest neighbors (degrees)",
            xaxis: { range: [0, 180], dtick: 30 },
            yaxis: { rangemode: "tozero" },
          },
          {
            title: `${where}: ${promptsInWords(means)}`,
            ...panel(prompts, "prompts"),
            xTitle: "mean angle of a prompt (degrees)",
            // Prompts are few: without this the axis would count halves of them.
            yaxis: { rangemode: "tozero", dtick: Math.max(1, Math.ceil(highest / 6)) },
          },
        ],
      ],
      panelWidth: 480,
      panelHeight: 360,
      gapX: 84,
    });
  },
});

/** A histogram with its mean and standard deviation, in degrees. */
interface Angles {
  shuffle: number;
  mean: number;
  sd: number;
  /** Left edges of the bins. */
  edges: number[];
  counts: number[];
}

/** An outline with a translucent fill: two histograms over each other stay readable. */
function histogramTrace({ shuffle, mean, sd, edges, counts }: Angles, what: string, maximum: number): PlotlyTrace {
  const width = edges.length > 1 ? edges[1] - edges[0] : 0.5;
  const color = shuffleColor(shuffle, maximum);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const end = edges[edges.length - 1] + width;
  const text = edges.map(
    (edge, i) =>
      `${Number(edge.toFixed(3))} to ${Number((edge + width).toFixed(3))} degrees<br>${counts[i]} of ${total} ${what}<br>` +
      `mean ${mean.toFixed(2)}<br>sd ${sd.toFixed(2)}`,
  );
  return {
    type: "scatter",
    mode: "lines",
    x: [edges[0], ...edges, end],
    y: [0, ...counts, 0],
    text: [text[0], ...text, text[text.length - 1]],
    hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
    line: { color, width: 1.5, shape: "hv", dash: shuffle === 0 ? "solid" : "dot" },
    fill: "tozeroy",
    fillcolor: withOpacity(color, 0.25),
    name: shuffleName(shuffle),
    legendgroup: String(shuffle),
  };
}

function meanLine(mean: number, shuffle: number, maximum: number): Record<string, unknown> {
  const line = { color: shuffleColor(shuffle, maximum), width: 2, dash: shuffle === 0 ? "solid" : "dot" };
  return { type: "line", x0: mean, x1: mean, line };
}

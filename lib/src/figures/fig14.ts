import type { ScaleCurve, ScaleSource } from "../experiment/scaleAnalysis";
import type { Figure } from "./figure";
import { type Curve, type Panel, panelGrid } from "./panels";

/** From shallow to deep, dark to light; the markers say the same to color-blind readers. */
const DEPTH_LOOKS = [
  { color: "#332288", symbol: "circle", dash: "solid" },
  { color: "#0072B2", symbol: "square", dash: "dash" },
  { color: "#009E73", symbol: "diamond", dash: "solid" },
  { color: "#D55E00", symbol: "triangle-up", dash: "dash" },
  { color: "#CC79A7", symbol: "cross", dash: "solid" },
  { color: "#8C6D00", symbol: "x", dash: "dash" },
] as const;

/**
 * Figure 14: intrinsic dimension against the range scaling n2 (logarithmic), a curve a layer, a column a model; for each
 * group of sources a row of (a) the shuffled prompt, (b) the prompt, (c) the mean over prompts.
 *
 * @param groups from runScaleSources and publishedScaleSources
 * @param depths relative depths that they were made for, in the same order
 */
export function figure14(groups: readonly ScaleSource[][], depths: readonly number[]): Figure {
  const yGroups: number[] = [];
  const rows = groups.flatMap((sources, group): Panel[][] => {
    yGroups.push(group, group, group);
    return [
      sources.map(({ label, shuffleIndex, shuffledPrompt }) => ({
        title: `(a) ${label}, S = ${shuffleIndex}`,
        curves: depthCurves(shuffledPrompt, depths),
      })),
      sources.map(({ label, promptName, prompt }) => ({
        title: `(b) ${label}: ${promptName}`,
        curves: depthCurves(prompt, depths),
      })),
      sources.map(({ label, mean }) => ({
        title: `(c) ${label}: ${mean[0]?.n ?? 0} prompts`,
        curves: depthCurves(mean, depths),
      })),
    ];
  });
  const scalings = groups.flat().flatMap(({ mean, prompt }) => [...mean, ...prompt].flatMap((curve) => curve.scalings));
  const ticks = [...new Set(scalings)].sort((a, b) => a - b);
  return panelGrid({
    name: "fig14",
    caption:
      "Intrinsic dimension (GRIDE) against the range scaling n2, at layers of several relative depths, a column a model. " +
      "(a) One prompt with its tokens shuffled, (b) the same prompt as written, (c) mean and standard deviation over " +
      "prompts as written. Bands of single prompts of this machine: standard error of the estimate.",
    rows,
    yGroups,
    xTitle: "range scaling n<sub>2</sub>",
    yTitle: "intrinsic dimension",
    xaxis: { type: "log", tickvals: ticks, ticktext: ticks.map(String) },
    panelHeight: 270,
  });
}

function depthCurves(curves: readonly ScaleCurve[], depths: readonly number[]): Curve[] {
  return curves.map(({ layer, scalings, mean, deviation, n }, index) => ({
    x: scalings,
    mean,
    sd: deviation,
    n,
    name: `relative depth ${depths[index]}`,
    ...DEPTH_LOOKS[index % DEPTH_LOOKS.length],
    xLabel: "n2 =",
    valueLabel: `layer ${layer}: dimension`,
    bandOpacity: 0.14,
  }));
}

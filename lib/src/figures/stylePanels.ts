import type { PlotlyLayout, PlotlyTrace } from "../machine/render/figure";
import { INK } from "./styleColors";

/** Whether a trace has a point to draw. */
export function hasPoints(trace: PlotlyTrace): boolean {
  return pointsOf(trace).length > 0;
}

/** Heights of the points that are drawn. */
function pointsOf({ x, y }: PlotlyTrace): number[] {
  const [xs, ys] = [x, y].map((values) => Array.from((values ?? []) as ArrayLike<number | null>));
  return ys.filter((value, i): value is number => Number.isFinite(value) && xs[i] !== null && xs[i] !== undefined);
}

/** Relative to a number, about what is lost when it is stored as float32. */
const FLOAT32_NOISE = 1e-6;

/**
 * Looks after panels that Plotly would number oddly: one without values says so, and one in which all values are equal, but for
 * what float32 loses, has a range around them.
 */
export function calmPanels(layout: PlotlyLayout, data: readonly PlotlyTrace[]): void {
  const annotations = (layout.annotations ?? []) as Record<string, unknown>[];
  for (const suffix of Object.keys(layout).flatMap((key) => /^xaxis(\d*)$/.exec(key)?.[1] ?? [])) {
    const [xaxis, yaxis] = ["xaxis", "yaxis"].map((axis) => layout[axis + suffix] as Record<string, unknown>);
    if (xaxis.visible === false) continue;
    const heights = data.filter((trace) => (trace.xaxis ?? "x") === `x${suffix}`).flatMap(pointsOf);
    if (heights.length === 0) {
      for (const axis of [xaxis, yaxis]) Object.assign(axis, { showticklabels: false, showgrid: false, ticks: "" });
      annotations.push({
        text: "no values",
        font: { color: INK },
        showarrow: false,
        xref: `x${suffix} domain`,
        yref: `y${suffix} domain`,
        x: 0.5,
        y: 0.5,
      });
      continue;
    }
    const [low, high] = [smallest(heights), -smallest(heights.map((height) => -height))];
    const size = Math.max(Math.abs(low), Math.abs(high));
    const isFollowed = Object.values(layout).some((axis) => (axis as { matches?: string })?.matches === `y${suffix}`);
    const isAlone = yaxis.matches === undefined && yaxis.range === undefined && !isFollowed;
    if (isAlone && size > 0 && high - low < FLOAT32_NOISE * size) yaxis.range = [low - size / 10, high + size / 10];
  }
  layout.annotations = annotations;
}

const smallest = (values: readonly number[]): number => values.reduce((least, value) => Math.min(least, value));

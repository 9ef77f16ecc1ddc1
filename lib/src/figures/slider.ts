import type { Figure, PlotlyLayout } from "../machine/render/figure";

/** One place of a slider, and what the figure shows there. */
export interface SliderStep {
  label: string;
  /** What changes of traces, by Plotly's attribute: one entry for each of the slider's traces. */
  traces: Record<string, unknown[]>;
  /** What changes of the layout, by Plotly's attribute. */
  layout?: Record<string, unknown>;
}

/** Room for a slider below the panels, in CSS pixels. */
const SLIDER_HEIGHT = 84;

/**
 * A figure with a slider below it. Everything it shows is inside the specification: it works without a kernel.
 *
 * @param prefix what the slider chooses, before the label of the current step: "layer "
 * @param traces indices of the traces that the steps change
 * @param active the step that the figure shows as it is
 */
export function withSlider(
  figure: Figure,
  prefix: string,
  traces: readonly number[],
  steps: readonly SliderStep[],
  active: number,
): Figure {
  const { margin, height } = figure.layout;
  const sides = margin as Record<"l" | "r" | "t" | "b", number>;
  const layout: PlotlyLayout = {
    ...figure.layout,
    height: height + SLIDER_HEIGHT,
    margin: { ...sides, b: sides.b + SLIDER_HEIGHT },
    sliders: [
      {
        active,
        currentvalue: { prefix, xanchor: "left", font: { size: 14 } },
        x: 0,
        len: 1,
        y: 0,
        yanchor: "top",
        pad: { t: sides.b, b: 0 },
        ticklen: 4,
        steps: steps.map(({ label, traces: restyled, layout: changed = {} }) => ({
          label,
          method: "update",
          args: [restyled, changed, [...traces]],
        })),
      },
    ],
  };
  return { ...figure, layout };
}

/**
 * The same figure as it stands, without its slider: for print.
 *
 * @example
 * const prompt = { name: "gulls", text: "The tide came in, and the gulls came in with the tide." };
 * const explored = await explorePrompt("llama-mini", prompt, { shuffleIndices: [0, 1] });
 * const figure = tokenSpacingFigure(explored, 6);
 * [figure.layout.height, withoutSlider(figure).layout.height]; // [604, 520]
 */
export function withoutSlider(figure: Figure): Figure {
  const { sliders, ...layout } = figure.layout;
  if (sliders === undefined) return figure;
  const sides = layout.margin as { b?: number } | undefined;
  if (sides?.b === undefined || sides.b < SLIDER_HEIGHT) return { ...figure, layout }; // One that made no room for it.
  const margin = { ...sides, b: sides.b - SLIDER_HEIGHT };
  return { ...figure, layout: { ...layout, height: layout.height - SLIDER_HEIGHT, margin } };
}

import type { PlotData } from "plotly.js";

/** A Plotly specification with what an export or a caption needs besides: the result of every figure function. */
export interface Figure extends FigureParts {
  /** Short name, used for file names: "fig03". */
  name: string;
  /** One line on what is shown, with n: put under the figure in reports and into exported files. */
  caption: string;
  /** Where the numbers come from (model hashes, prompts, seed, backend, versions), written into exported files. */
  provenance?: Record<string, unknown>;
}

/** What Plotly draws. */
export interface FigureParts {
  /** Plotly traces. */
  data: PlotlyTrace[];
  /** Plotly layout; its `width` and `height` are the natural size in CSS pixels. */
  layout: PlotlyLayout;
}

/** A trace as Plotly takes it. Plain data, so that a specification can be stored and compared. */
export type PlotlyTrace = Partial<PlotData>;

/** A layout as Plotly takes it. */
export interface PlotlyLayout {
  width: number;
  height: number;
  [key: string]: unknown;
}

import { type OutputRecord, RECORD_TYPE } from "../../machine/notebook/record";
import type { Figure, PlotlyLayout, PlotlyTrace } from "../../machine/render/figure";
import { distinctNames } from "../../machine/support/distinctNames";
import type { Output } from "../runner/outputs";

/** What an output of an executed notebook says that it is; undefined for plain ones. */
export function recordOf(output: Output): OutputRecord | undefined {
  return "data" in output ? (output.data[RECORD_TYPE] as OutputRecord | undefined) : undefined;
}

/** The figure that an output of an executed notebook shows; undefined if it shows none. */
export function figureOf(output: Output): Figure | undefined {
  const record = recordOf(output);
  if (record?.kind !== "figure" || !("data" in output)) return undefined;
  const chart = output.data["application/vnd.plotly.v1+json"] as { data: PlotlyTrace[]; layout: PlotlyLayout };
  const { name, caption, provenance } = record;
  return { name, caption, data: chart.data, layout: chart.layout, ...(provenance && { provenance }) };
}

/** A figure as far as its provenance goes, and the notebook that shows it. */
type ShownFigure = Pick<Figure, "name" | "provenance"> & { notebook: string };

/** Where the numbers of figures come from, by names that differ; what is shown twice is there once. */
export function provenanceByFigure(figures: readonly ShownFigure[]): Record<string, Record<string, unknown>> {
  const idOf = ({ name, provenance = {} }: ShownFigure) => JSON.stringify([name, provenance]);
  const different = [...new Map(figures.map((figure) => [idOf(figure), figure])).values()];
  const names = distinctNames(different.map(({ name, notebook }) => [name, `${notebook}: ${name}`]));
  return Object.fromEntries(different.map(({ provenance = {} }, i) => [names[i], provenance]));
}

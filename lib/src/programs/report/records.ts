import { type OutputRecord, RECORD_TYPE } from "../../machine/notebook/record";
import type { Figure, PlotlyLayout, PlotlyTrace } from "../../machine/render/figure";
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

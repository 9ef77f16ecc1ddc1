import { correlationGrid } from "./correlationPanels";
import { type CorrelationSource, sourcePanel } from "./fig06";
import type { Figure } from "./figure";

/** The sources of a figure at one range scaling n2. */
export interface ScalingSources {
  scaling: number;
  sources: CorrelationSource[];
}

/**
 * Figure 17: as Figure 6 at several range scalings n2, one column a scaling, one row a source.
 *
 * @param groups one entry a scaling; all with the same sources in the same order
 */
export function figure17(groups: readonly ScalingSources[]): Figure {
  const origins = groups[0].sources.map((_, source) => source);
  return correlationGrid({
    name: "fig17",
    caption:
      "Pearson correlation over prompts between the log of the intrinsic dimension (GRIDE) and the loss, by layer, at " +
      `n2 = ${groups.map(({ scaling }) => scaling).join(", ")}, several models. Bands: 95% confidence. Filled markers: p < 0.01.`,
    yTitle: "Pearson ρ of log ID and loss",
    rows: origins
      .filter((source) => groups.every(({ sources }) => sources[source].curves.length > 0))
      .map((source) =>
        groups.map(({ scaling, sources }) => sourcePanel(sources[source], `, n<sub>2</sub> = ${scaling}`)),
      ),
  });
}

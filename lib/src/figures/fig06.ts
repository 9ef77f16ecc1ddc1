import { type CorrelationCurve, type CorrelationPanel, correlationGrid } from "./correlationPanels";
import { promptsOf } from "./correlationSources";
import type { Figure } from "./figure";

/** What one source (this machine, the paper) says: curves of several models. */
export interface CorrelationSource {
  /** "this machine" or "published". */
  origin: string;
  curves: CorrelationCurve[];
}

/**
 * Figure 6: correlation over prompts between the log of the intrinsic dimension and the loss, by layer, one panel a source.
 *
 * @param sources with curves from runCorrelations and publishedCorrelations; those without curves are left out
 * @param scaling range scaling n2 that the curves were made for
 */
export function figure6(sources: readonly CorrelationSource[], scaling = 2): Figure {
  return correlationGrid({
    name: "fig06",
    caption:
      `Pearson correlation over prompts between the log of the intrinsic dimension (GRIDE, n2 = ${scaling}) and the loss, by ` +
      "layer, several models. Bands: 95% confidence. Filled markers: p < 0.01.",
    yTitle: "Pearson ρ of log ID and loss",
    rows: [sources.filter(({ curves }) => curves.length > 0).map((source) => sourcePanel(source, ""))],
  });
}

/** The panel of a source, titled with where it is from, the number of prompts and `more`. */
export function sourcePanel({ origin, curves }: CorrelationSource, more: string): CorrelationPanel {
  return { title: `${origin}: ${promptsOf(curves)} prompts${more}`, origin, curves };
}

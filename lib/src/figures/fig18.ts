import { dimensionPanel, type LogitSource } from "./fig07";
import type { Figure } from "./figure";
import { scatterGrid } from "./scatterPanels";

/**
 * Figure 18: log of the intrinsic dimension of a prompt's logits against its contextual entropy, one column a range scaling,
 * one row a source.
 *
 * @param sources with models from runLogits and publishedModelLogits; those without models are left out
 * @throws UserError if the dimension is not there at a scaling
 */
export function figure18(sources: readonly LogitSource[], scalings: readonly number[] = [2, 4, 8]): Figure {
  return scatterGrid({
    name: "fig18",
    caption:
      "Log of the intrinsic dimension of a prompt's logits (GRIDE) against the mean entropy of its next-token predictions, " +
      `with the fitted line, at n2 = ${scalings.join(", ")}. One point a prompt; ρ: Pearson.`,
    rows: sources
      .filter(({ models }) => models.length > 0)
      .map((source) => scalings.map((scaling) => dimensionPanel(source, scaling))),
  });
}

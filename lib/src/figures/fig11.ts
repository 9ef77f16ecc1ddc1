import type { Figure } from "./figure";
import { parameterPanelsFigure } from "./modelProfiles";
import type { ParameterSources } from "./modelSources";

/**
 * Figure 11: overlap of the k nearest neighbors under shuffling for several k, mean over prompts.
 *
 * @param groups from runSourcesByParameter and publishedSourcesByParameter with quantity "neighborhoodOverlap"
 */
export function figure11(groups: readonly ParameterSources[][]): Figure {
  return parameterPanelsFigure(
    {
      name: "fig11",
      caption:
        "Overlap of a token's k nearest neighbors between layers l and l + 1, for several k: mean and standard deviation over " +
        "prompts, as written (S = 0) and with all tokens permuted.",
      quantity: "neighborhood overlap",
    },
    groups,
    "k",
    3,
    "shuffling",
  );
}

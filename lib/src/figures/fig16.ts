import type { Figure } from "./figure";
import { parameterPanelsFigure } from "./modelProfiles";
import type { ParameterSources } from "./modelSources";

/**
 * Figure 16: neighborhood overlap of prompts as written for several k, several models.
 *
 * @param groups from runSourcesByParameter and publishedSourcesByParameter with quantity "neighborhoodOverlap"
 */
export function figure16(groups: readonly ParameterSources[][]): Figure {
  return parameterPanelsFigure(
    {
      name: "fig16",
      caption:
        "Overlap of a token's k nearest neighbors between layers l and l + 1, prompts as written, for several k, several " +
        "models: mean and standard deviation over prompts.",
      quantity: "neighborhood overlap",
    },
    groups,
    "k",
    3,
    "models",
  );
}

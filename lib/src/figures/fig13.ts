import type { Figure } from "./figure";
import { modelProfilesFigure } from "./modelProfiles";
import type { ProfileSource } from "./shuffledProfiles";

/**
 * Figure 13: neighborhood overlap of prompts as written, several models.
 *
 * @param groups sources of quantity "neighborhoodOverlap" from runSources and publishedSources, with their single prompts
 * @param k number of neighbors that they were made for
 */
export function figure13(groups: readonly ProfileSource[][], k = 2): Figure {
  return modelProfilesFigure(
    {
      name: "fig13",
      caption:
        `Overlap of the ${k} nearest neighbors of a token between layers l and l + 1, prompts as written, several models. ` +
        "Left: one prompt. Right: mean and standard deviation over prompts.",
      quantity: `neighborhood overlap (k = ${k})`,
    },
    groups,
  );
}

import type { Figure } from "./figure";
import { modelProfilesFigure } from "./modelProfiles";
import type { ProfileSource } from "./shuffledProfiles";

/**
 * Figure 12: intrinsic dimension of prompts as written, several models.
 *
 * @param groups sources of quantity "intrinsicDimension" from runSources and publishedSources, with their single prompts
 * @param scaling range scaling n2 that they were made for
 */
export function figure12(groups: readonly ProfileSource[][], scaling = 2): Figure {
  return modelProfilesFigure(
    {
      name: "fig12",
      caption:
        `Intrinsic dimension of the tokens of prompts as written (GRIDE, n2 = ${scaling}), by layer, several models. ` +
        "Left: one prompt. Right: mean and standard deviation over prompts.",
      quantity: `intrinsic dimension (n<sub>2</sub> = ${scaling})`,
    },
    groups,
  );
}

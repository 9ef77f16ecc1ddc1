import type { Figure } from "./figure";
import { shufflingByModelFigure } from "./modelProfiles";
import type { ProfileSource } from "./shuffledProfiles";

/**
 * Figure 9: intrinsic dimension under shuffling, a column a model.
 *
 * @param groups sources of quantity "intrinsicDimension" from runSources and publishedSources, with their single prompts
 * @param scaling range scaling n2 that they were made for
 */
export function figure9(groups: readonly ProfileSource[][], scaling = 2): Figure {
  return shufflingByModelFigure(
    {
      name: "fig09",
      caption:
        `Intrinsic dimension of the tokens (GRIDE, n2 = ${scaling}) under shuffling, a column a model. (a) One prompt at ` +
        "every shuffle index S. (b) Mean and standard deviation over prompts, as written and with all tokens permuted.",
      quantity: `intrinsic dimension (n<sub>2</sub> = ${scaling})`,
    },
    groups,
  );
}

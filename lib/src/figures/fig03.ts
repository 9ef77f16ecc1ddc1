import type { Figure } from "./figure";
import { type ProfileSource, shuffledProfilesFigure } from "./shuffledProfiles";

/**
 * Figure 3: intrinsic dimension by layer. Rows from runSource and publishedSource with quantity "intrinsicDimension".
 *
 * @param scaling range scaling n2 that the rows were made for
 */
export function figure3(sources: ProfileSource[], scaling = 2): Figure {
  return shuffledProfilesFigure({
    name: "fig03",
    caption:
      `Intrinsic dimension of the tokens (GRIDE, n2 = ${scaling}), by layer. Left: one prompt at every shuffle index S. ` +
      "Right: mean and standard deviation over prompts, as written (S = 0) and with all tokens permuted.",
    quantity: `intrinsic dimension (n<sub>2</sub> = ${scaling})`,
    sources,
  });
}

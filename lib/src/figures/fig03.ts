import { parametersInWords } from "../results/wording";
import { defineFigure } from "./paperFigure";
import { type ProfileRow, shuffledProfiles } from "./profileGrid";

/** Figure 3, of rows of intrinsicDimension at one range scaling: a single prompt, and means. */
export const figure3 = defineFigure<ProfileRow>({
  number: "3",
  title: "Intrinsic dimension by layer",
  notebook: "fig03-intrinsic-dimension",
  caption: (rows) =>
    `Intrinsic dimension of the tokens (GRIDE, n2 = ${parametersInWords(rows)}), by layer. Left: one prompt at every shuffle index S. ` +
    "Right: mean and standard deviation over prompts, as written (S = 0) and with all tokens permuted.",
  draw: (rows) => shuffledProfiles(rows),
});

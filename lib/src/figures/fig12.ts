import { parametersInWords } from "../results/wording";
import { defineFigure } from "./paperFigure";
import { modelProfiles, type ProfileRow } from "./profileGrid";

/** Figure 12, of rows of intrinsicDimension at one range scaling, prompts as written: a single prompt, and means. */
export const figure12 = defineFigure<ProfileRow>({
  number: "12",
  title: "Intrinsic dimension of three models",
  notebook: "fig12-dimension-by-model",
  caption: (rows) =>
    `Intrinsic dimension of the tokens of prompts as written (GRIDE, n2 = ${parametersInWords(rows)}), by layer, several models. ` +
    "Left: one prompt. Right: mean and standard deviation over prompts.",
  draw: (rows) => modelProfiles(rows),
});

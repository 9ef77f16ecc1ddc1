import { parametersInWords } from "../results/wording";
import { defineFigure } from "./paperFigure";
import { modelProfiles, type ProfileRow } from "./profileGrid";

/** Figure 13, of rows of neighborhoodOverlap for one k, prompts as written: a single prompt, and means. */
export const figure13 = defineFigure<ProfileRow>({
  number: "13",
  title: "Neighborhood overlap of three models",
  notebook: "fig13-overlap-by-model",
  caption: (rows) =>
    `Overlap of the ${parametersInWords(rows)} nearest neighbors of a token between layers l and l + 1, prompts as written, several models. ` +
    "Left: one prompt. Right: mean and standard deviation over prompts.",
  draw: (rows) => modelProfiles(rows),
});

import { defineFigure } from "./paperFigure";
import { type ProfileRow, shuffledProfiles } from "./profileGrid";

/** Figure 2, of rows of cosineSimilarity: a single prompt, and means. */
export const figure2 = defineFigure<ProfileRow>({
  number: "2",
  title: "Cosine similarity by layer",
  notebook: "fig02-cosine-similarity",
  caption: () =>
    "Mean cosine similarity of all pairs of tokens, by layer. Left: one prompt at every shuffle index S. Right: mean and " +
    "standard deviation over prompts, as written (S = 0) and with all tokens permuted.",
  draw: (rows) => shuffledProfiles(rows),
});

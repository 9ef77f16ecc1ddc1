import type { Figure } from "./figure";
import { type ProfileSource, shuffledProfilesFigure } from "./shuffledProfiles";

/** Figure 2: cosine similarity by layer. Rows from runSource and publishedSource with quantity "cosineSimilarity". */
export function figure2(sources: ProfileSource[]): Figure {
  return shuffledProfilesFigure({
    name: "fig02",
    caption:
      "Mean cosine similarity of all pairs of tokens, by layer. Left: one prompt at every shuffle index S. Right: mean and " +
      "standard deviation over prompts, as written (S = 0) and with all tokens permuted.",
    quantity: "cosine similarity",
    sources,
  });
}

import type { MeanRow } from "../results/row";
import { defineFigure } from "./paperFigure";
import { parameterPanels } from "./profileGrid";

/** Figure 11, of means of neighborhoodOverlap, structured and shuffled: a panel for each k. */
export const figure11 = defineFigure<MeanRow>({
  number: "11",
  title: "Shuffling lowers the overlap for several k",
  notebook: "fig11-shuffling-neighbor-counts",
  caption: () =>
    "Overlap of a token's k nearest neighbors between layers l and l + 1, for several k: mean and standard deviation over " +
    "prompts, as written (S = 0) and with all tokens permuted.",
  draw: (rows) => parameterPanels(rows, "shuffling"),
});

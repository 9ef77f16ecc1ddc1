import type { MeanRow } from "../results/row";
import { defineFigure } from "./paperFigure";
import { parameterPanels } from "./profileGrid";

/** Figure 16, of means of neighborhoodOverlap, prompts as written: a panel for each k. */
export const figure16 = defineFigure<MeanRow>({
  number: "16",
  title: "Neighborhood overlap of three models for several k",
  notebook: "fig16-models-neighbor-counts",
  caption: () =>
    "Overlap of a token's k nearest neighbors between layers l and l + 1, prompts as written, for several k, several " +
    "models: mean and standard deviation over prompts.",
  draw: (rows) => parameterPanels(rows, "models"),
});

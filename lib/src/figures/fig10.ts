import type { MeanRow } from "../results/row";
import { defineFigure } from "./paperFigure";
import { parameterPanels } from "./profileGrid";

/** Figure 10, of means of intrinsicDimension, structured and shuffled: a panel a range scaling. */
export const figure10 = defineFigure<MeanRow>({
  number: "10",
  title: "Shuffling raises the dimension at several scales",
  notebook: "fig10-shuffling-range-scalings",
  caption: () =>
    "Intrinsic dimension of the tokens (GRIDE), by layer, at several range scalings n2: mean and standard deviation over " +
    "prompts, as written (S = 0) and with all tokens permuted.",
  draw: (rows) => parameterPanels(rows, "shuffling"),
});

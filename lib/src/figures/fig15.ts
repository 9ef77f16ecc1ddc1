import type { MeanRow } from "../results/row";
import { defineFigure } from "./paperFigure";
import { parameterPanels } from "./profileGrid";

/** Figure 15, of means of intrinsicDimension, prompts as written: a panel a range scaling. */
export const figure15 = defineFigure<MeanRow>({
  number: "15",
  title: "Intrinsic dimension of three models at several scales",
  notebook: "fig15-models-range-scalings",
  caption: () =>
    "Intrinsic dimension of the tokens of prompts as written (GRIDE), by layer, at several range scalings n2, several " +
    "models: mean and standard deviation over prompts.",
  draw: (rows) => parameterPanels(rows, "models"),
});

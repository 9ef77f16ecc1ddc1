import { parametersInWords } from "../results/wording";
import { defineFigure } from "./paperFigure";
import { type ProfileRow, shufflingByModel } from "./profileGrid";

/** Figure 9, of rows of intrinsicDimension at one range scaling, a column a model: a single prompt, and means. */
export const figure9 = defineFigure<ProfileRow>({
  number: "9",
  title: "Intrinsic dimension under shuffling, each model",
  notebook: "fig09-shuffling-by-model",
  caption: (rows) =>
    `Intrinsic dimension of the tokens (GRIDE, n2 = ${parametersInWords(rows)}) under shuffling, a column a model. (a) One prompt at ` +
    "every shuffle index S. (b) Mean and standard deviation over prompts, as written and with all tokens permuted.",
  draw: (rows) => shufflingByModel(rows),
});

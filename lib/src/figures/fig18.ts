import { distinct, type Row, select } from "../results/row";
import { parametersInWords } from "../results/wording";
import { dimensionPanel } from "./fig07";
import { defineFigure } from "./paperFigure";
import { sidesOf } from "./profileGrid";
import { scatterGrid } from "./scatterGrid";
import { modelLooks } from "./style";

/** Figure 18, of rows of meanEntropy and of logitsIntrinsicDimension at several range scalings, of prompts as written. */
export const figure18 = defineFigure<Row>({
  number: "18",
  title: "Logits and entropy at several scales",
  notebook: "fig18-logits-range-scalings",
  caption: (rows) =>
    "Log of the intrinsic dimension of a prompt's logits (GRIDE) against the mean entropy of its next-token predictions, " +
    `with the fitted line, at n2 = ${parametersInWords(rows)}. One point a prompt; ρ: Pearson.`,
  draw: (rows) => {
    const looks = modelLooks(rows.map(({ model }) => model));
    const panels = sidesOf(rows).map((side) => {
      const scalings = distinct(select(side, { quantity: "logitsIntrinsicDimension" }), ({ parameter }) => parameter);
      return scalings.map((parameter) => dimensionPanel(select(side, { parameter: [null, parameter] }), looks));
    });
    return scatterGrid(panels);
  },
});

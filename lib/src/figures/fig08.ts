import { distinct, groupRows, type Row } from "../results/row";
import { modelInWords, parametersInWords } from "../results/wording";
import { inRows, type Panel, panelGrid } from "./grid";
import { defineFigure } from "./paperFigure";
import { largestShuffle, modelsOf, quantityLabel, shuffleCurves } from "./profileGrid";

/** Figure 8, of rows of intrinsicDimension at one range scaling: single prompts at every shuffle index, three panels in a row. */
export const figure8 = defineFigure<Row>({
  number: "8",
  title: "Intrinsic dimension of six prompts, every shuffle",
  notebook: "fig08-random-prompts",
  caption: (rows) =>
    `Intrinsic dimension of the tokens of single prompts (GRIDE, n2 = ${parametersInWords(rows)}), by layer, of ` +
    `${distinct(rows, modelInWords).join(", ")}: every prompt as written ` +
    "(S = 0) and with its tokens shuffled in ever smaller blocks (S = 1 and up).",
  draw: (rows) => {
    const maximum = largestShuffle(rows);
    const label = quantityLabel(rows);
    const panels = modelsOf(rows).flatMap((ofModel, yGroup) => {
      const prompts = groupRows(ofModel, ({ prompt }) => prompt).map((curves): Panel => {
        const [first] = curves;
        return {
          title: `${modelInWords(first)}: ${first.prompt}`,
          marks: shuffleCurves(curves, maximum, label),
          yGroup,
        };
      });
      return inRows(prompts, 3);
    });
    return panelGrid({ rows: panels, xTitle: "layer", yTitle: label, colorBar: maximum });
  },
});

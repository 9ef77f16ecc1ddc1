import { type CorrelationRow, groupRows } from "../results/row";
import { parametersInWords } from "../results/wording";
import { correlationGrid, looksOf } from "./correlationGrid";
import { sidePanel } from "./fig06";
import { defineFigure } from "./paperFigure";
import { sidesOf } from "./profileGrid";

/** Figure 17: as Figure 6 at several range scalings n2, a column a scaling. */
export const figure17 = defineFigure<CorrelationRow>({
  number: "17",
  title: "Intrinsic dimension and loss at several scales",
  notebook: "fig17-loss-range-scalings",
  caption: (rows) =>
    "Pearson correlation over prompts between the log of the intrinsic dimension (GRIDE) and the loss, by layer, at " +
    `n2 = ${parametersInWords(rows)}, several models. Bands: 95% confidence. Filled markers: p < 0.01.`,
  draw: (rows) => {
    const looks = looksOf(rows);
    const panels = sidesOf(rows).map((side) => {
      const columns = groupRows(side, ({ parameter }) => parameter);
      return columns.map((column) => sidePanel(column, looks, `, n<sub>2</sub> = ${column[0].parameter}`));
    });
    return correlationGrid(panels, "Pearson ρ of log ID and loss");
  },
});

import { type Row, select } from "../results/row";
import { originInWords, parametersInWords } from "../results/wording";
import type { Panel } from "./grid";
import { defineFigure } from "./paperFigure";
import { sidesOf } from "./profileGrid";
import { scatterGrid, scatterPanel } from "./scatterGrid";
import { type ModelLook, modelLooks } from "./style";

/** Figure 7, of rows of loss, meanEntropy and logitsIntrinsicDimension at one range scaling, of prompts as written. */
export const figure7 = defineFigure<Row>({
  number: "7",
  title: "Logits, entropy and loss",
  notebook: "fig07-logits-and-entropy",
  caption: (rows) =>
    `Left: log of the intrinsic dimension of a prompt's logits (GRIDE, n2 = ${parametersInWords(rows)}) against the mean entropy of its ` +
    "next-token predictions, with the fitted line. Right: that entropy against the loss, with the line x = y. One point " +
    "a prompt; ρ: Pearson.",
  draw: (rows) => {
    const looks = modelLooks(rows.map(({ model }) => model));
    const panels = sidesOf(rows).map((side) => {
      const [losses, entropies] = (["loss", "meanEntropy"] as const).map((quantity) => select(side, { quantity }));
      const right = scatterPanel(losses, entropies, {
        title: `${originInWords(side)}: entropy and loss`,
        xTitle: "loss (nats)",
        yTitle: "contextual entropy (nats)",
        looks,
        line: "diagonal",
      });
      return [dimensionPanel(side, looks), right];
    });
    return scatterGrid(panels);
  },
});

/** Log ID of the logits against entropy, at one scaling. */
export function dimensionPanel(rows: readonly Row[], looks: ReadonlyMap<string, ModelLook>): Panel {
  const dimensions = select(rows, { quantity: "logitsIntrinsicDimension" });
  return scatterPanel(select(rows, { quantity: "meanEntropy" }), dimensions, {
    title: `${originInWords(rows)}: logits, n<sub>2</sub> = ${parametersInWords(dimensions)}`,
    xTitle: "contextual entropy (nats)",
    yTitle: "log ID of logits",
    looks,
    line: "fit",
    transform: Math.log,
  });
}

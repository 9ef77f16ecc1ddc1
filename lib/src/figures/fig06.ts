import type { CorrelationRow } from "../results/row";
import { originInWords, parametersInWords, promptsInWords } from "../results/wording";
import { correlationGrid, correlationPanel, looksOf } from "./correlationGrid";
import type { Panel } from "./grid";
import { defineFigure } from "./paperFigure";
import { sidesOf } from "./profileGrid";
import type { ModelLook } from "./style";

/** Figure 6, of correlations between the log of the intrinsic dimension at one range scaling and the loss. */
export const figure6 = defineFigure<CorrelationRow>({
  number: "6",
  title: "Intrinsic dimension and loss by layer",
  notebook: "fig06-dimension-and-loss",
  caption: (rows) =>
    `Pearson correlation over prompts between the log of the intrinsic dimension (GRIDE, n2 = ${parametersInWords(rows)}) and the loss, by ` +
    "layer, several models. Bands: 95% confidence. Filled markers: p < 0.01.",
  draw: (rows) => {
    const looks = looksOf(rows);
    return correlationGrid([sidesOf(rows).map((side) => sidePanel(side, looks))], "Pearson ρ of log ID and loss");
  },
});

/** The panel of our or of the published correlations, titled with where they are from, the number of prompts and `more`. */
export function sidePanel(rows: readonly CorrelationRow[], looks: ReadonlyMap<string, ModelLook>, more = ""): Panel {
  const origin = originInWords(rows);
  return correlationPanel(`${origin}: ${promptsInWords(rows)}${more}`, origin, rows, looks);
}

import type { CorrelationRow } from "../results/row";
import { isPublished } from "../results/row";
import { originInWords, promptsInWords } from "../results/wording";
import { correlationGrid, correlationPanel, looksOf } from "./correlationGrid";
import { defineFigure } from "./paperFigure";
import { modelsOf } from "./profileGrid";
import { MODEL_COLORS, type ModelLook } from "./style";

/** Token level in the color of OPT, prompt level in others; levels of Table 1 have no marker, so that each has a dash of its own. */
const LOOKS: Record<string, ModelLook> = {
  "token, 2NN": { color: MODEL_COLORS.opt, dash: "solid", symbol: "circle" },
  "token, scaling 4": { color: "#A66F00", dash: "dot", symbol: "diamond" },
  "token, scaling 8": { color: MODEL_COLORS.llama, dash: "longdash", symbol: "square" },
  "prompt, ESS": { color: "#785EF0", dash: "longdashdot", symbol: "triangle-up" },
  "prompt, 2NN": { color: MODEL_COLORS.pythia, dash: "dash", symbol: "star" },
  "prompt, high scaling": { color: "#555555", dash: "dashdot", symbol: "triangle-down" },
};

/**
 * How the curve of a correlation at token level is called: "token, scaling 8"; n2 = 2 is called 2NN, as in Table 1.
 *
 * @example
 * const [{ label }] = atTokenLevel(publishedCorrelations(8, { models: ["Llama-3-8B"] }));
 * label; // "token, scaling 8"
 */
export function atTokenLevel(rows: readonly CorrelationRow[]): CorrelationRow[] {
  return rows.map((row) => ({ ...row, label: row.parameter === 2 ? "token, 2NN" : `token, scaling ${row.parameter}` }));
}

/**
 * Figure 20 with the rows of Table 1: Spearman correlation between intrinsic dimension and loss by layer, where each token
 * is a point (one ID a prompt) and where each prompt is (one local ID a prompt). Rows have a label: level and estimator.
 */
export const figure20 = defineFigure<CorrelationRow>({
  number: "20 and Table 1",
  title: "Token level against prompt level",
  notebook: "fig20-table1-token-and-prompt-level",
  caption: () =>
    "Spearman correlation over prompts between intrinsic dimension and loss, by layer. Token level: dimension of each " +
    "prompt's tokens (2NN: GRIDE at n2 = 2). Prompt level: each prompt is one point, its last token's vector; dimension " +
    "of the cloud of prompts around it. Bands: 95% confidence. Published: OPT-6.7B, the values of Table 1 as levels.",
  draw: (rows) => {
    const looks = new Map([...looksOf(rows), ...Object.entries(LOOKS)]);
    const panels = modelsOf(rows).map((ofModel) => {
      const origin = originInWords(ofModel);
      const prompts = isPublished(ofModel[0]) ? "" : `, ${promptsInWords(ofModel)}`;
      const title = `${origin}: ${ofModel[0].model}${prompts}`;
      return correlationPanel(title, origin, ofModel, looks);
    });
    return correlationGrid([panels], "Spearman ρ of ID and loss");
  },
});

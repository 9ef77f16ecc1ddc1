import type { Figure } from "./figure";
import { parameterPanelsFigure } from "./modelProfiles";
import type { ParameterSources } from "./modelSources";

/**
 * Figure 15: intrinsic dimension of prompts as written at several range scalings, several models.
 *
 * @param groups from runSourcesByParameter and publishedSourcesByParameter with quantity "intrinsicDimension"
 */
export function figure15(groups: readonly ParameterSources[][]): Figure {
  return parameterPanelsFigure(
    {
      name: "fig15",
      caption:
        "Intrinsic dimension of the tokens of prompts as written (GRIDE), by layer, at several range scalings n2, several " +
        "models: mean and standard deviation over prompts.",
      quantity: "intrinsic dimension",
    },
    groups,
    "n<sub>2</sub>",
    3,
    "models",
  );
}

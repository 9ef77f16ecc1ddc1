import type { Figure } from "./figure";
import { parameterPanelsFigure } from "./modelProfiles";
import type { ParameterSources } from "./modelSources";

/**
 * Figure 10: intrinsic dimension under shuffling at several range scalings, mean over prompts.
 *
 * @param groups from runSourcesByParameter and publishedSourcesByParameter with quantity "intrinsicDimension"
 */
export function figure10(groups: readonly ParameterSources[][]): Figure {
  return parameterPanelsFigure(
    {
      name: "fig10",
      caption:
        "Intrinsic dimension of the tokens (GRIDE), by layer, at several range scalings n2: mean and standard deviation over " +
        "prompts, as written (S = 0) and with all tokens permuted.",
      quantity: "intrinsic dimension",
    },
    groups,
    "n<sub>2</sub>",
    3,
    "shuffling",
  );
}

import { dimensionEntropy, entropyLoss, type ModelLogits } from "../experiment/logitScatter";
import type { Figure } from "./figure";
import { type ScatterPanel, scatterGrid } from "./scatterPanels";

/** The logits of several models from one source. */
export interface LogitSource {
  /** "this machine" or "published". */
  origin: string;
  models: ModelLogits[];
}

/**
 * Figure 7, one row a source. Left: log of the intrinsic dimension of a prompt's logits against its contextual entropy, with
 * the fitted line. Right: contextual entropy against loss, with the line x = y.
 *
 * @param sources with models from runLogits and publishedModelLogits; those without models are left out
 * @param scaling range scaling n2
 * @throws UserError if the dimension is not there at the scaling
 */
export function figure7(sources: readonly LogitSource[], scaling = 2): Figure {
  return scatterGrid({
    name: "fig07",
    caption:
      `Left: log of the intrinsic dimension of a prompt's logits (GRIDE, n2 = ${scaling}) against the mean entropy of its ` +
      "next-token predictions, with the fitted line. Right: that entropy against the loss, with the line x = y. One point " +
      "a prompt; ρ: Pearson.",
    rows: sources
      .filter(({ models }) => models.length > 0)
      .map((source) => [dimensionPanel(source, scaling), entropyLossPanel(source)]),
  });
}

/** Log ID of the logits against entropy, at one scaling. */
export function dimensionPanel({ origin, models }: LogitSource, scaling: number): ScatterPanel {
  return {
    title: `${origin}: logits, n<sub>2</sub> = ${scaling}`,
    xTitle: "contextual entropy (nats)",
    yTitle: "log ID of logits",
    clouds: models.map((model) => {
      const { logDimension, correlation, line } = dimensionEntropy(model, scaling);
      return { label: model.model, x: model.entropy, y: logDimension, names: model.prompts, correlation, line };
    }),
  };
}

function entropyLossPanel({ origin, models }: LogitSource): ScatterPanel {
  return {
    title: `${origin}: entropy and loss`,
    xTitle: "loss (nats)",
    yTitle: "contextual entropy (nats)",
    diagonal: true,
    clouds: models.map((model) => {
      return {
        label: model.model,
        x: model.loss,
        y: model.entropy,
        names: model.prompts,
        correlation: entropyLoss(model),
      };
    }),
  };
}

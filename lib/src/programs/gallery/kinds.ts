import { comparisonFigure, explorationFigure } from "../../figures/explorationProfiles";
import { figure3 } from "../../figures/fig03";
import { figure6 } from "../../figures/fig06";
import { figure7 } from "../../figures/fig07";
import { figure8 } from "../../figures/fig08";
import { figure9 } from "../../figures/fig09";
import { figure12 } from "../../figures/fig12";
import { overviewFigure } from "../../figures/overview";
import { tokenSpacingFigure } from "../../figures/tokenSpacing";
import { tokenText } from "../../machine/notebook/tokenText";
import type { TokenText } from "../../machine/notebook/tokenTextContent";
import type { Figure } from "../../machine/render/figure";
import { HARD_CASES, type HardCase } from "./hardCases";
import { dimensions, exploration, logits, lossCorrelations, profiles } from "./madeUp";

/** One kind of picture, drawn of a hard case. */
export interface Kind {
  name: string;
  title: string;
  /** It shows one model. */
  ofOneModel?: true;
  draw(hard: HardCase): Figure | TokenText;
}

/** One model: what a figure of one prompt at a time is made of. */
const ofFirst = (hard: HardCase): HardCase => ({ ...hard, models: hard.models.slice(0, 1) });
const ofFew = (hard: HardCase): HardCase => ({ ...hard, models: hard.models.slice(0, 3) });

/** Every kind of picture that the library makes of numbers. */
export const KINDS: readonly Kind[] = [
  {
    name: "profiles",
    title: "profile grid, a curve a model (Figure 12)",
    draw: (hard) => figure12.draw(profiles(hard)),
  },
  {
    name: "shuffles",
    title: "profile grid, a curve a shuffle (Figure 3)",
    draw: (hard) => figure3.draw(profiles(ofFew(hard))),
  },
  { name: "columns", title: "profile grid, a column a model (Figure 9)", draw: (hard) => figure9.draw(profiles(hard)) },
  {
    name: "prompts",
    title: "profile grid, a panel a prompt (Figure 8)",
    ofOneModel: true,
    draw: (hard) => figure8.draw(dimensions(ofFirst(hard))),
  },
  { name: "scatter", title: "scatter grid (Figure 7)", draw: (hard) => figure7.draw(logits(hard)) },
  { name: "correlations", title: "correlation grid (Figure 6)", draw: (hard) => figure6.draw(lossCorrelations(hard)) },
  {
    name: "overview",
    title: "overview",
    ofOneModel: true,
    draw: (hard) => {
      const { orders, model, prompt } = exploration(hard);
      const layers = orders[0].result.layers.map(({ intrinsicDimension, cosineSimilarity, neighborhoodOverlap }) => ({
        dimension: intrinsicDimension[0],
        cosineSimilarity: cosineSimilarity.mean,
        overlapWithPrevious: neighborhoodOverlap[1] ?? null,
      }));
      return overviewFigure(layers, `${prompt} in ${model}`);
    },
  },
  {
    name: "slider",
    title: "one prompt with a slider",
    ofOneModel: true,
    draw: (hard) => explorationFigure(exploration(hard)),
  },
  {
    name: "comparison",
    title: "prompts side by side",
    ofOneModel: true,
    draw: (hard) => comparisonFigure(hard.prompts.map((_, prompt) => exploration(hard, prompt))),
  },
  {
    name: "spacing",
    title: "token spacing",
    ofOneModel: true,
    draw: (hard) => tokenSpacingFigure(exploration(hard), Math.ceil(hard.layers / 2)),
  },
  {
    name: "text",
    title: "colored text",
    ofOneModel: true,
    draw: (hard) => tokenText(exploration(hard), 0, Math.ceil(hard.layers / 2)),
  },
];

/** The cases that a kind is drawn of. */
export const casesOf = ({ ofOneModel }: Kind): HardCase[] =>
  HARD_CASES.filter(({ ofModels }) => !(ofOneModel && ofModels));

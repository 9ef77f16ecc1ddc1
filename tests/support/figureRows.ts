import {
  correlations,
  publishedCorrelations,
  publishedTable1,
  readOffCorrelations,
} from "../../lib/src/results/correlations";
import { histogram, meanOverPrompts } from "../../lib/src/results/means";
import { published, publishedMeans, publishedPromptRows } from "../../lib/src/results/published";
import { select } from "../../lib/src/results/row";
import { ofFirstModel, SHUFFLED, SINGLE, WITH_LOSS } from "./studyRows";

export const MODELS = ["Llama-3-8B", "Mistral-7B", "Pythia-6.9B"];
const LLAMA = { models: MODELS.slice(0, 1) };

/** The rows that a profile figure shows of published models: the paper's prompt, and the means. */
export function publishedProfiles(
  quantity: "intrinsicDimension" | "neighborhoodOverlap" | "cosineSimilarity",
  parameter: number | undefined,
  models = LLAMA.models,
) {
  return [...published(quantity, parameter, { models }), ...publishedMeans(quantity, parameter, { models })];
}

/** The same of the made-up study: its first prompt, and the means. */
export function ownProfiles(quantity: "intrinsicDimension" | "neighborhoodOverlap", parameter: number) {
  return [...SINGLE.of(quantity, parameter), ...meanOverPrompts(SHUFFLED.of(quantity, parameter))];
}

/** What figure 4 shows of the made-up study at a layer. */
export function angleRows(layer: number) {
  const quantities = ["neighborAngle", "neighborAngleDeviation", "neighborAngleCount"] as const;
  const single = quantities.flatMap((quantity) => SINGLE.of(quantity));
  const angles = select(SHUFFLED.of("neighborAngle"), { layer });
  return ofFirstModel([...select(single, { layer }), ...meanOverPrompts(angles), ...histogram(angles, 0.5)]);
}

/** Correlations of the made-up study between the log dimension and the loss. */
export const ownCorrelations = (scaling: number) =>
  correlations(WITH_LOSS.of("intrinsicDimension", scaling), WITH_LOSS.of("loss"), { transform: Math.log });

const parametersOf = (
  quantity: "intrinsicDimension" | "neighborhoodOverlap",
  parameters: number[],
  models: string[],
  shuffles = [0, 5],
) => parameters.flatMap((parameter) => publishedMeans(quantity, parameter, { models, shuffles }));

const logits = [
  ...WITH_LOSS.of("loss"),
  ...WITH_LOSS.of("meanEntropy"),
  ...WITH_LOSS.of("logitsIntrinsicDimension", 2),
];

/** Rows for each figure of the paper that is made of rows, by its number. */
export const FIGURE_ROWS = {
  2: publishedProfiles("cosineSimilarity", undefined),
  3: publishedProfiles("intrinsicDimension", 2),
  4: angleRows(2),
  5: [...publishedProfiles("neighborhoodOverlap", 2), ...publishedMeans("intrinsicDimension", 2, LLAMA)],
  6: [...ownCorrelations(2), ...publishedCorrelations(2, { models: MODELS })],
  7: logits,
  8: [
    ...ofFirstModel(SINGLE.of("intrinsicDimension", 2)),
    ...published("intrinsicDimension", 2, { ...LLAMA, prompts: publishedPromptRows().slice(0, 2) }),
  ],
  9: publishedProfiles("intrinsicDimension", 2, MODELS.slice(0, 2)),
  10: parametersOf("intrinsicDimension", [2, 8], LLAMA.models),
  11: parametersOf("neighborhoodOverlap", [1, 2, 3, 4], LLAMA.models),
  12: publishedProfiles("intrinsicDimension", 2, MODELS),
  13: publishedProfiles("neighborhoodOverlap", 2, MODELS),
  14: publishedProfiles("intrinsicDimension", undefined, MODELS.slice(0, 2)),
  15: parametersOf("intrinsicDimension", [2, 4], MODELS, [0]),
  16: parametersOf("neighborhoodOverlap", [8], MODELS, [0]),
  17: [2, 4].flatMap((scaling) => [...ownCorrelations(scaling), ...publishedCorrelations(scaling, LLAMA)]),
  18: logits,
  20: [
    ...ownCorrelations(2).map((row) => ({ ...row, method: "spearman" as const, label: "token, 2NN" })),
    ...publishedTable1(),
    ...readOffCorrelations("OPT-6.7B", 4).map((row) => ({ ...row, label: "token, scaling 4" })),
  ],
};

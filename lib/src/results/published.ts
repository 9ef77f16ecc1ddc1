import type { Quantity } from "../machine/experiment/tidyRows";
import {
  type Curves,
  entryOf,
  PUBLISHED_SOURCE,
  type PublishedFile,
  type PublishedQuantity,
  publishedFile,
  publishedPromptsFile,
  valueAt,
} from "./publishedFiles";
import { firstLayer, type MeanRow, type Row, SOURCE, type TidyColumns } from "./row";
import { readSource } from "./study";

export interface PublishedOptions {
  /** "Llama-3-8B", "Mistral-7B", "Pythia-6.9B". */
  models: readonly string[];
  /** Nothing is given if it is "run"; see {@link readSource}. */
  source?: string;
}

/** The row of Pile-10k that the paper's single-prompt panels show. */
const PAPER_PROMPT = 3218;
const ALL_SHUFFLES = [0, 1, 2, 3, 4, 5];

/**
 * The authors' results of single prompts, in the columns of ours: by default of prompt 3218 of Pile-10k, which the paper shows.
 *
 * Of the dimension at n2 = 2 there are 49 other prompts, too ({@link publishedPromptRows}). Loss, mean entropy and the dimension
 * of the logits are there of Llama-3-8B as written, for 2244 prompts.
 *
 * @param parameter range scaling n2, or k; all that there are without it
 * @throws UserError naming what there is, if it is not there
 * @see arXiv 2501.10573; data/published/README.md says from which of the authors' files the numbers are
 * @example
 * const rows = published("intrinsicDimension", 2, { models: ["Llama-3-8B"] }); // layers 1 to 32 of S = 0 to 5
 * rows.length; // 192
 */
export function published(
  quantity: PublishedQuantity | "loss" | "meanEntropy" | "logitsIntrinsicDimension",
  parameter: number | undefined,
  {
    models,
    source = "both",
    prompts = [PAPER_PROMPT],
    shuffles = ALL_SHUFFLES,
  }: PublishedOptions & { prompts?: readonly number[]; shuffles?: readonly number[] },
): Row[] {
  if (!readSource(source).published) return [];
  if (quantity === "loss" || quantity === "meanEntropy" || quantity === "logitsIntrinsicDimension") {
    return models.flatMap((model) =>
      publishedPasses(
        entryOf({ "Llama-3-8B": publishedFile().llamaLogits }, model, quantity),
        quantity,
        parameter,
        model,
      ),
    );
  }
  return models.flatMap((model) =>
    prompts.flatMap((prompt) =>
      shuffles.flatMap((shuffle) =>
        parametersOf(quantity, parameter).flatMap((at) =>
          valuesOfPrompt(model, quantity, prompt, shuffle, at).map((value, i, all): Row => {
            const columns = columnsOf(model, quantity, shuffle, at, i, all.length);
            return { ...columns, prompt: `prompt ${prompt}`, value, error: null };
          }),
        ),
      ),
    ),
  );
}

/**
 * The authors' means and population standard deviations over the 50 prompts of the shuffle experiments.
 *
 * @param parameter range scaling n2, or k; all that there are without it
 * @param options `shuffles`: 0 and 5, as written and fully permuted, without it; there are 0 to 5
 * @throws UserError naming what there is, if it is not there
 * @example
 * const [{ layer, mean, sd, n }] = publishedMeans("neighborhoodOverlap", 2, { models: ["Llama-3-8B"] });
 * [layer, mean, sd, n]; // [1, 0.5883, 0.06277, 50]
 */
export function publishedMeans(
  quantity: PublishedQuantity,
  parameter: number | undefined,
  { models, source = "both", shuffles = [0, 5] }: PublishedOptions & { shuffles?: readonly number[] },
): MeanRow[] {
  if (!readSource(source).published) return [];
  return models.flatMap((model) => {
    const { shuffled } = entryOf(publishedFile().models, model, "results");
    return shuffles.flatMap((shuffle) =>
      parametersOf(quantity, parameter).flatMap((at) => {
        const sd = curveOf(shuffled[quantity].std, quantity, shuffle, at);
        return curveOf(shuffled[quantity].mean, quantity, shuffle, at).map((mean, i, all): MeanRow => {
          return { ...columnsOf(model, quantity, shuffle, at, i, all.length), mean, sd: sd[i], n: shuffled.prompts };
        });
      }),
    );
  });
}

/**
 * Rows of Pile-10k that single-prompt results are published of: the 50 prompts of the shuffle experiments.
 *
 * @example publishedPromptRows().length; // 50
 */
export function publishedPromptRows(): number[] {
  return publishedPromptsFile().prompts;
}

/** Loss, entropy or dimension of the logits of each of the 2244 prompts. */
function publishedPasses(
  { contextualEntropy, loss, logitsIntrinsicDimension }: PublishedFile["llamaLogits"],
  quantity: "loss" | "meanEntropy" | "logitsIntrinsicDimension",
  parameter: number | undefined,
  model: string,
): Row[] {
  const { scalings, value: byScaling } = logitsIntrinsicDimension;
  const rows = (values: readonly number[], at: number | undefined) =>
    values.map((value, i): Row => {
      return { ...columnsOf(model, quantity, 0, at), prompt: `prompt ${i}`, value, error: null };
    });
  if (quantity === "loss") return rows(loss, undefined);
  if (quantity === "meanEntropy") return rows(contextualEntropy, undefined);
  const chosen = parameter === undefined ? scalings : [parameter];
  return chosen.flatMap((at) => rows(valueAt(scalings, byScaling, at, "dimension of the logits at range scaling"), at));
}

function parametersOf(quantity: PublishedQuantity, parameter: number | undefined): (number | undefined)[] {
  if (quantity === "cosineSimilarity" || parameter !== undefined) return [parameter];
  const { scalings, k } = publishedFile().layout;
  return quantity === "intrinsicDimension" ? scalings : k;
}

function valuesOfPrompt(
  model: string,
  quantity: PublishedQuantity,
  prompt: number,
  shuffle: number,
  at: number | undefined,
): number[] {
  if (prompt === PAPER_PROMPT) {
    return curveOf(entryOf(publishedFile().models, model, "results").prompt3218[quantity], quantity, shuffle, at);
  }
  const { prompts, models } = publishedPromptsFile();
  const dimension = entryOf(models, model, "prompts").intrinsicDimension;
  const byShuffle = valueAt(prompts, dimension, prompt, "results of prompt");
  valueAt(quantity === "intrinsicDimension" ? [2] : [], [0], at, `${quantity} of prompt ${prompt} at`);
  return valueAt(ALL_SHUFFLES, byShuffle, shuffle, "results for shuffle index");
}

function curveOf(
  curves: Curves,
  quantity: PublishedQuantity,
  shuffle: number,
  parameter: number | undefined,
): number[] {
  const ofShuffle = valueAt<number[] | number[][]>(ALL_SHUFFLES, curves, shuffle, "results for shuffle index");
  if (quantity === "cosineSimilarity") return ofShuffle as number[];
  const { scalings, k } = publishedFile().layout;
  const isDimension = quantity === "intrinsicDimension";
  return valueAt(
    isDimension ? scalings : k,
    ofShuffle as number[][],
    parameter,
    isDimension ? "results for range scaling" : "results for k =",
  );
}

/** Columns of the value at a place of a published curve; without a place, of a value of the whole pass. */
export function columnsOf(
  model: string,
  quantity: Quantity,
  shuffle: number,
  parameter?: number,
  place?: number,
  count = 0,
): TidyColumns {
  const first = firstLayer(quantity);
  const layer = place === undefined ? null : first + place;
  const depth = layer === null ? null : layer / (first + count - 1);
  return {
    origin: "published",
    model,
    shuffle,
    layer,
    depth,
    quantity,
    parameter: parameter ?? null,
    [SOURCE]: PUBLISHED_SOURCE,
  };
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../support/errors";
import { PROJECT_ROOT } from "../support/project";
import type { MeanProfile, Profile } from "./profiles";

/** The quantities whose published profiles are there for every layer and shuffle index. */
export type PublishedQuantity = "intrinsicDimension" | "neighborhoodOverlap" | "cosineSimilarity";

/** Which curve of a quantity: the range scaling n2 of the intrinsic dimension, the k of the overlap, nothing of the cosine. */
export type Parameter = number | undefined;

/** [shuffleIndex][layer], or [shuffleIndex][scaling or k][layer]. */
type Curves = number[][] | number[][][];

interface PublishedModel {
  shuffled: { prompts: number } & Record<PublishedQuantity, { mean: Curves; std: Curves }>;
  prompt3218: Record<PublishedQuantity, Curves>;
}

interface Published {
  /** Where each part comes from. */
  provenance: Record<string, string>;
  layout: { scalings: number[]; k: number[] };
  models: Record<string, PublishedModel>;
}

/** Layer of the first value: cosine starts at the embeddings, the others at the first block. */
const FIRST_LAYER: Record<PublishedQuantity, number> = {
  intrinsicDimension: 1,
  neighborhoodOverlap: 1,
  cosineSimilarity: 0,
};

let loaded: Published | undefined;

/** The authors' published results, as data/published/published.json holds them, with their provenance. */
export function published(): Published {
  loaded ??= JSON.parse(readFileSync(join(PROJECT_ROOT, "data/published/published.json"), "utf8")) as Published;
  return loaded;
}

/** The models with published profiles: Llama-3-8B, Mistral-7B, Pythia-6.9B. */
export function publishedModels(): string[] {
  return Object.keys(published().models);
}

/**
 * Published profile of prompt 3218 of Pile-10k, which the paper's single-prompt panels show.
 *
 * @throws UserError naming the known models, scalings or k
 */
export function publishedPrompt(
  model: string,
  quantity: PublishedQuantity,
  shuffleIndex: number,
  parameter?: number,
): Profile {
  return asProfile(quantity, select(modelOf(model).prompt3218[quantity], quantity, shuffleIndex, parameter));
}

/** The range scalings n2 and the k of the overlap that published profiles are there for. */
export function publishedParameters(): { scalings: number[]; k: number[] } {
  const { scalings, k } = published().layout;
  return { scalings, k };
}

/** Published mean and population standard deviation over the 50 prompts of the shuffle experiments. */
export function publishedMean(
  model: string,
  quantity: PublishedQuantity,
  shuffleIndex: number,
  parameter?: number,
): MeanProfile {
  const { shuffled } = modelOf(model);
  const { mean, std } = shuffled[quantity];
  const { layers, values } = asProfile(quantity, select(mean, quantity, shuffleIndex, parameter));
  return { layers, mean: values, std: select(std, quantity, shuffleIndex, parameter), n: shuffled.prompts };
}

function modelOf(name: string): PublishedModel {
  const { models } = published();
  if (Object.hasOwn(models, name)) return models[name];
  throw new UserError(`no published results of "${name}"; there are those of ${Object.keys(models).join(", ")}`);
}

function select(curves: Curves, quantity: PublishedQuantity, shuffleIndex: number, parameter: Parameter): number[] {
  const ofIndex = curves[shuffleIndex];
  if (!ofIndex)
    throw new UserError(`no published results for shuffle index ${shuffleIndex}; there are 0 to ${curves.length - 1}`);
  if (quantity === "cosineSimilarity") return ofIndex as number[];
  const { scalings, k } = published().layout;
  const known = quantity === "intrinsicDimension" ? scalings : k;
  const index = known.indexOf(parameter as number);
  if (index >= 0) return (ofIndex as number[][])[index];
  const what = quantity === "intrinsicDimension" ? "range scaling" : "k =";
  throw new UserError(`no published results for ${what} ${parameter}; there are ${known.join(", ")}`);
}

function asProfile(quantity: PublishedQuantity, values: number[]): Profile {
  return { layers: values.map((_, i) => FIRST_LAYER[quantity] + i), values };
}

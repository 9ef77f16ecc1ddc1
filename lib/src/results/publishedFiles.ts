import { join } from "node:path";
import { UserError } from "../machine/support/errors";
import { readJsonObject } from "../machine/support/json";
import { PROJECT_ROOT } from "../machine/support/project";
import { RowSource } from "./row";

/** The quantities whose published profiles are there for every layer and shuffle index. */
export type PublishedQuantity = "intrinsicDimension" | "neighborhoodOverlap" | "cosineSimilarity";

/** [shuffle][layer], or [shuffle][scaling or k][layer]. */
export type Curves = number[][] | number[][][];

export interface ByScaling<Values> {
  scalings: number[];
  value: Values[];
}

type Statistic = "pearsonLogIdLoss" | "spearmanIdLoss";

/** What is read of data/published/published.json; `layout` says what the indices of the arrays mean. */
export interface PublishedFile {
  /** Where each part comes from. */
  provenance: Record<string, string>;
  layout: { scalings: number[]; k: number[] };
  models: Record<
    string,
    {
      shuffled: { prompts: number } & Record<PublishedQuantity, { mean: Curves; std: Curves }> &
        Record<Statistic, ByScaling<number[]>>;
      prompt3218: Record<PublishedQuantity, Curves>;
    }
  >;
  smallModels: Record<string, { prompts: number; pearsonLogIdLoss: ByScaling<number[]> }>;
  digitized: Record<string, Record<string, (number | null)[]>>;
  llamaLogits: {
    prompts: number;
    contextualEntropy: number[];
    loss: number[];
    logitsIntrinsicDimension: ByScaling<number[]>;
    pearsonLogIdEntropy: ByScaling<number>;
    pearsonEntropyLoss: number;
  };
  table1: { model: string; rows: { level: string; estimator: string; rho: number; p: string }[] };
}

/** What is read of data/published/prompts.json: single prompts of the shuffle experiments, by row of Pile-10k. */
export interface PublishedPromptsFile {
  prompts: number[];
  models: Record<string, { intrinsicDimension: number[][][] }>;
}

const loaded = new Map<string, unknown>();

function load<Content>(name: string): Content {
  if (!loaded.has(name)) loaded.set(name, readJsonObject(join(PROJECT_ROOT, "data/published", name)));
  return loaded.get(name) as Content;
}

export const publishedFile = (): PublishedFile => load("published.json");
export const publishedPromptsFile = (): PublishedPromptsFile => load("prompts.json");

/** The source of all published rows. */
class PublishedSource extends RowSource {
  readonly notes: string[] = [];

  get provenance(): { published: Record<string, string> } {
    return { published: publishedFile().provenance };
  }
}

export const PUBLISHED_SOURCE: RowSource = new PublishedSource();

/** An entry by its name. @throws UserError naming those that there are */
export function entryOf<Entry>(entries: Record<string, Entry>, name: string, what: string): Entry {
  if (Object.hasOwn(entries, name)) return entries[name];
  throw new UserError(`no published ${what} of "${name}"; there are those of ${Object.keys(entries).join(", ")}`);
}

/** A value by its parameter. @throws UserError naming the parameters that there are */
export function valueAt<Value>(
  known: readonly number[],
  values: readonly Value[],
  wanted: number | undefined,
  what: string,
): Value {
  const index = known.indexOf(wanted as number);
  if (index >= 0 && index < values.length) return values[index];
  throw new UserError(`no published ${what} ${wanted}; there are ${known.join(", ")}`);
}

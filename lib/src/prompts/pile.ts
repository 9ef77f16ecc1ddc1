import { join } from "node:path";
import type { HubOptions } from "../machine/hub/snapshot";
import { UserError } from "../machine/support/errors";
import { readSmallFile } from "../machine/support/files";
import { parseJson, readJsonObject, utf8 } from "../machine/support/json";
import { PROJECT_ROOT } from "../machine/support/project";
import { DATASET_PREFIX, loadDataset } from "./dataset";
import type { Prompt } from "./prompt";

/** The paper's prompts: the first 10,000 texts of the Pile, as a data set of the hub. */
export const PILE_10K = "pile-10k";

const REPOSITORY = "NeelNanda/pile-10k";
const ROWS = 10_000;

/** Of numbers of rows, in bytes. */
const LARGEST_LIST = 2 ** 20;

/** Whether a source of prompts means Pile-10k. */
export function isPile(source: string): boolean {
  return source === PILE_10K || source.startsWith(`${PILE_10K}:`);
}

/**
 * Loads prompts of Pile-10k.
 *
 * @param source "pile-10k" (all 10,000), "pile-10k:filtered" (the paper's 2,244, which have 1024 tokens for all its models),
 * "pile-10k:subset" (its 50 of the shuffle experiments), "pile-10k:3218" or "pile-10k:3218,587" (rows, from 0 on)
 * @param count how many, from the first on; all without it
 * @throws UserError if there is no such choice or row, or the data set can be had neither from the hub nor from the cache
 * Source: arXiv 2501.10573, section "Dataset"; the choices of rows are the authors' (data/published).
 */
export async function loadPile(source: string, count?: number, options: HubOptions = {}): Promise<Prompt[]> {
  const rows = pileRows(source);
  return loadDataset(
    `${DATASET_PREFIX}${REPOSITORY}`,
    { column: "text", rows, count: rows ? count : (count ?? ROWS) },
    options,
  );
}

/** The rows that a source names; undefined for all. */
export function pileRows(source: string): number[] | undefined {
  if (source === PILE_10K) return undefined;
  const choice = source.slice(PILE_10K.length + 1);
  if (choice === "filtered") {
    const file = join(PROJECT_ROOT, "data/published/pile10k-filtered-indices.json");
    return parseJson(utf8(readSmallFile(file, LARGEST_LIST))) as number[];
  }
  if (choice === "subset") {
    const { pile10k } = readJsonObject(join(PROJECT_ROOT, "data/published/published.json"));
    return (pile10k as { subsetIndices: number[] }).subsetIndices;
  }
  if (!/^\d+(,\d+)*$/.test(choice)) {
    throw new UserError(
      `${source}: write pile-10k, pile-10k:filtered, pile-10k:subset or pile-10k:3218 (rows, with commas)`,
    );
  }
  const rows = [...new Set(choice.split(",").map(Number))];
  const outside = rows.find((row) => row >= ROWS);
  if (outside !== undefined)
    throw new UserError(`${source}: there is no row ${outside}; Pile-10k has rows 0 to ${ROWS - 1}`);
  return rows;
}

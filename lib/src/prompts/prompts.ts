import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, extname, join } from "node:path";
import type { HubOptions } from "../machine/hub/snapshot";
import { messageOf, UserError } from "../machine/support/errors";
import { isThere, refusePointer } from "../machine/support/pointerFile";
import { PROJECT_ROOT, resolveFromProject } from "../machine/support/project";
import { DATASET_PREFIX, loadDataset, readTable } from "./dataset";
import { isPile, loadPile } from "./pile";
import type { Prompt } from "./prompt";
import { pythonStrip } from "./strip";
import { parseTable, TABLE_ENDINGS } from "./textTable";

/** The name of the 48 documents that come with the project. */
export const EMBEDDED_PROMPTS = "embedded" as const;

/** Where they are. */
export const EMBEDDED_PROMPT_FOLDER: string = join(PROJECT_ROOT, "data/prompts");

/**
 * Loads prompts, whitespace-stripped as the paper's were.
 *
 * @param source "embedded"; a .txt file (one prompt); a .jsonl, .json, .csv, .tsv or .parquet file, one prompt a row
 * ("file.csv:column" if its column is not called `text`), see {@link parseTable}; or a folder of .txt files (in the order of
 * their names); "pile-10k" and its choices, see {@link loadPile}; "hf-dataset:owner/name" for any
 * data set of the hub, see {@link loadDataset}
 * @param count how many, from the first on; all without it
 * @param options for what comes from the hub: token, progress
 * @throws UserError if there is no such file or data set, a line is damaged, a prompt is empty, or there are fewer than
 *   `count`
 * @example (await loadPrompts("data/prompts/fiction-realist.txt"))[0].name; // "fiction-realist"
 */
export async function loadPrompts(source: string, count?: number, options: HubOptions = {}): Promise<Prompt[]> {
  if (count !== undefined && (!Number.isInteger(count) || count < 1)) {
    throw new UserError(`number of prompts ${count}: must be a whole number, 1 or more`);
  }
  const prompts = await readSource(source, count, options);
  if (prompts.length === 0) throw new UserError(`${source}: holds no prompts`);
  if (count !== undefined && count > prompts.length) {
    throw new UserError(`${source}: holds ${prompts.length} prompts, fewer than the ${count} asked for`);
  }
  for (const { name, text } of prompts.slice(0, count)) {
    if (text === "") throw new UserError(`${source}: the prompt ${name} is empty`);
  }
  return prompts.slice(0, count);
}

async function readSource(source: string, count: number | undefined, options: HubOptions): Promise<Prompt[]> {
  if (isPile(source)) return loadPile(source, count, options);
  if (source.startsWith(DATASET_PREFIX)) return loadDataset(source, { count }, options);
  const [, table, column] = /^(.*\.(?:parquet|jsonl?|csv|tsv))(?::([^/\\]+))?$/.exec(source) ?? [];
  const path = source === EMBEDDED_PROMPTS ? EMBEDDED_PROMPT_FOLDER : resolveFromProject(table ?? source);
  if (!isThere(path)) throw new UserError(`${source}: no such file or folder of prompts`);
  if (statSync(path).isDirectory()) return readFolder(path);
  if (!table?.endsWith(".parquet")) return readFile(path, column);
  const files = { name: basename(path, ".parquet"), source, files: [path], fetch: async () => path };
  return readTable(files, { column, count });
}

function readFolder(folder: string): Prompt[] {
  const isText = (name: string) => name.endsWith(".txt") && isFile(join(folder, name));
  const names = readdirSync(folder).filter(isText);
  return names.sort().flatMap((name) => readFile(join(folder, name)));
}

function isFile(path: string): boolean {
  return isThere(path) && statSync(path).isFile();
}

function readFile(path: string, column?: string): Prompt[] {
  const content = readText(path);
  if (TABLE_ENDINGS.includes(extname(path))) return parseTable(path, content, column);
  return [{ name: basename(path, extname(path)), text: pythonStrip(content) }];
}

function readText(path: string): string {
  try {
    const bytes = readFileSync(path);
    refusePointer(path, bytes);
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const why = error instanceof TypeError ? "is not UTF-8 text" : `cannot be read (${messageOf(error)})`;
    throw new UserError(`${path}: ${why}`, { cause: error });
  }
}

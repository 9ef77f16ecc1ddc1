import { dirname, join } from "node:path/posix";
import type { Repository } from "../machine/hub/cache";
import { type HubOptions, type Snapshot, withProgress } from "../machine/hub/snapshot";
import { type OpenSnapshot, withSnapshots } from "../machine/hub/snapshots";
import { UserError } from "../machine/support/errors";
import { openParquet } from "./parquet";
import type { Prompt } from "./prompt";
import { pythonStrip } from "./strip";

/** Which rows of a table become prompts. */
export interface RowSelection {
  /** The column of texts; see {@link openParquet}. */
  column?: string;
  /** Numbers of rows, counted over all files; all without it. */
  rows?: readonly number[];
  /** How many prompts, from the first on; all without it. */
  count?: number;
}

/** A data set's files on disk; they are asked for one after the other, as far as they are needed. */
export interface Table {
  /** For the names of prompts. */
  name: string;
  /** For messages. */
  source: string;
  files: readonly string[];
  /** Brings a file onto the disk, and returns where it is. */
  fetch(file: string): Promise<string>;
}

/**
 * Reads prompts from a table of one or several Parquet files, whitespace-stripped. Rows without text are passed over; a
 * prompt is named after its row, from 0 on, so that nothing moves because of that.
 *
 * @throws UserError if a file is damaged, has no such column, or a row is asked for that is not there
 */
export async function readTable(table: Table, { column, rows, count }: RowSelection): Promise<Prompt[]> {
  const chosen = rows?.slice(0, count);
  const enough = chosen?.length ?? count;
  const prompts = new Map<number, Prompt>();
  let before = 0;
  for (const name of table.files) {
    const file = await openParquet(await table.fetch(name));
    const here = chosen && new Set(chosen.map((row) => row - before));
    for await (const { row, text = "" } of file.texts(column, here)) {
      const stripped = pythonStrip(text);
      if (stripped !== "") prompts.set(before + row, { name: `${table.name}-${before + row}`, text: stripped });
      if (prompts.size === enough) break;
    }
    before += file.rows;
    if (prompts.size === enough) break;
  }
  if (!chosen) return [...prompts.values()];
  return chosen.map((row) => {
    const prompt = prompts.get(row);
    if (prompt) return prompt;
    const why = row < before ? `row ${row} has no text` : `there is no row ${row}; it has ${before}, from 0 on`;
    throw new UserError(`${table.source}: ${why}`);
  });
}

/** How a data set of the hub is written as a source of prompts. */
export const DATASET_PREFIX = "hf-dataset:";

/** What "hf-dataset:owner/name/files@revision:column" names; all but owner and name may be left out. */
interface DatasetSource {
  repository: Repository;
  /** The split, or a folder, or the beginning of files' paths up to a whole word; empty for any. */
  path: string;
  revision?: string;
  column?: string;
}

function parseSource(source: string): DatasetSource {
  const word = "[A-Za-z0-9][\\w.-]*";
  const pattern = new RegExp(`^${DATASET_PREFIX}(${word}/${word})(?:/([^@:]+))?(?:@([^@:]+))?(?::(.+))?$`);
  const [, name, path = "", revision, column] = pattern.exec(source) ?? [];
  if (!name || source.includes("..") || revision?.startsWith("/")) {
    throw new UserError(`${source}: write a data set as hf-dataset:owner/name or hf-dataset:owner/name:column`);
  }
  return { repository: { type: "dataset", name }, path, revision, column };
}

/**
 * Loads prompts from any text data set of the Hugging Face hub, through its Parquet files: those of its training split, or
 * of the only split, or of the split or folder that the source names. Where the repository itself has none, the ones that
 * the hub makes of every data set are taken. Files are downloaded into the cache as far as they are needed.
 *
 * @param source "hf-dataset:owner/name", with "/path", "@revision" and ":column" behind it if needed
 * @throws UserError if the hub has no such data set or gives no access to it, its splits or columns leave a choice, or a
 *   download fails
 */
export async function loadDataset(
  source: string,
  selection: RowSelection = {},
  options: HubOptions = {},
): Promise<Prompt[]> {
  const { repository, path, revision, column } = parseSource(source);
  const read = async (open: OpenSnapshot) => {
    let snapshot = await open(revision ?? "main");
    if (revision === undefined && parquetFiles(snapshot).length === 0) snapshot = (await converted(open)) ?? snapshot;
    const table: Table = {
      name: repository.name.split("/")[1],
      source,
      files: chooseFiles(repository.name, snapshot, path),
      async fetch(file) {
        await snapshot.fetch([file]);
        return join(snapshot.folder, file);
      },
    };
    return readTable(table, { ...selection, column: selection.column ?? column });
  };
  return withProgress(options, (reporting) => withSnapshots(repository, reporting, read));
}

/** The branch on which the hub keeps the Parquet files that it makes by itself. */
async function converted(open: OpenSnapshot): Promise<Snapshot | undefined> {
  try {
    return await open("refs/convert/parquet");
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function parquetFiles({ paths }: Snapshot): string[] {
  return [...paths].filter((path) => path.endsWith(".parquet")).sort();
}

/** The files of one split. */
function chooseFiles(name: string, snapshot: Snapshot, prefix: string): string[] {
  const all = parquetFiles(snapshot);
  if (all.length === 0) throw new UserError(`${name}: has no Parquet files${snapshot.limits}`);
  const splits = new Map<string, string[]>();
  // "test" is not "test_hard", if there is such a split; and "val" is not "validation", whatever there is.
  const isSplit = (path: string) => splitOf(path) === prefix;
  const cutsWord = (path: string) => /[a-z0-9]$/i.test(prefix) && /^[a-z0-9]/i.test(path.slice(prefix.length));
  const isMeant = all.some(isSplit) ? isSplit : (path: string) => path.startsWith(prefix) && !cutsWord(path);
  for (const path of all.filter(isMeant)) {
    const split = splitOf(path);
    splits.set(split, [...(splits.get(split) ?? []), path]);
  }
  const names = [...splits.keys()];
  const training = names.filter((split) => /(^|\/)train[^/]*$/.test(split));
  const chosen = names.length === 1 ? names[0] : training.length === 1 ? training[0] : undefined;
  if (chosen !== undefined) return snapshot.limits ? withGaps(splits.get(chosen)!) : splits.get(chosen)!;
  const known = [...new Set(all.map(splitOf))];
  const shown = known.slice(0, 10).join(", ") + (known.length > 10 ? ", .." : "");
  throw new UserError(`${name}: name a split, as in ${DATASET_PREFIX}${name}/${known[0]}; there are ${shown}`);
}

/** "data/train-00000-of-00004-ab12.parquet" and "default/train/0000.parquet" belong to "data/train" and "default/train". */
function splitOf(path: string): string {
  const base = path
    .slice(path.lastIndexOf("/") + 1)
    .replace(/\.parquet$/, "")
    .replace(/(^|[-_.])\d.*$/, "");
  return join(dirname(path), base);
}

/** Files of a split, with those that their numbers say should be there too: asking for one says that the cache lacks it. */
function withGaps(files: readonly string[]): string[] {
  const [, start, total] = /^(.*-)\d{5}-of-(\d{5})[^/]*$/.exec(files[0]) ?? [];
  if (!start) return [...files];
  return Array.from({ length: Number(total) }, (_, part) => {
    const name = `${start}${String(part).padStart(5, "0")}-of-${total}`;
    return files.find((file) => file.startsWith(name)) ?? `${name}.parquet`;
  });
}

import { statSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { messageOf, UserError } from "../machine/support/errors";
import { checkReadable } from "../machine/support/files";
import { IsolatedModule } from "../machine/support/isolated";
import { PROJECT_ROOT } from "../machine/support/project";
import type { ParquetFooter } from "./parquetProcess";

/** A row of a table: its number, from 0 on, and its text as it is stored. */
export interface TextRow {
  row: number;
  /** Undefined where the table has none. */
  text: string | undefined;
}

/** A Parquet file whose texts can be read piece by piece. */
export interface ParquetFile {
  rows: number;
  /**
   * The texts of a column, a row group at a time; of a large file never more is in memory.
   *
   * @param column "text", or the only column of texts, without it
   * @param wanted numbers of rows; all without it
   * @throws UserError if there is no such column, or the file is damaged
   */
  texts(column?: string, wanted?: ReadonlySet<number>): AsyncGenerator<TextRow>;
}

/** Of the process that reads, in MiB: a row group with all its texts has to go in. */
const HEAP = Math.floor(Math.min(2048, totalmem() / 4 / 2 ** 20));

/**
 * The package that reads Parquet trusts the numbers in a file, down to loops without end; so it does that elsewhere. As
 * JavaScript also where this file is run as TypeScript: a child process knows nothing of that.
 */
const reader = new IsolatedModule(join(PROJECT_ROOT, "lib/dist/prompts/parquetProcess.js"), HEAP);

/** For the footer, or a row group of nothing; of a whole file of Pile-10k (33 MB) the reading takes a few seconds. */
const LONGEST_TIME = 30;
const LONGEST_TIME_PER_MEGABYTE = 2;

/**
 * Opens a Parquet file and reads its footer.
 *
 * @param longest seconds that the footer or a row group may take to be read, but for what the file's size adds
 * @throws UserError naming the file if it is none, or cut short
 */
export async function openParquet(path: string, longest: number = LONGEST_TIME): Promise<ParquetFile> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) checkReadable(path);
  if (!found) throw new UserError(`${path}: no such file`);
  const seconds = longest + (LONGEST_TIME_PER_MEGABYTE * found.size) / 1e6;
  const ask = async <Value>(name: string, ...args: unknown[]): Promise<Value> => {
    try {
      return await reader.call<Value>(name, [path, ...args], seconds);
    } catch (error) {
      throw new UserError(`${path}: not a Parquet file that can be read (${messageOf(error)})`, { cause: error });
    }
  };
  if (!found.isFile()) throw new UserError(`${path}: not a Parquet file that can be read (it is no regular file)`);
  const footer = await ask<ParquetFooter>("footer");
  return {
    rows: footer.groups.reduce((sum, rows) => sum + rows, 0),
    async *texts(column, wanted) {
      const name = textColumn(path, footer, column);
      let rowStart = 0;
      for (const rows of footer.groups) {
        const rowEnd = rowStart + rows;
        const chosen = wanted && [...wanted].filter((row) => row >= rowStart && row < rowEnd).sort((a, b) => a - b);
        if (rows > 0 && (chosen === undefined || chosen.length > 0)) {
          const texts = await ask<(string | null)[]>("texts", name, rowStart, rowEnd);
          for (const row of chosen ?? texts.map((_, i) => rowStart + i)) {
            yield { row, text: texts[row - rowStart] ?? undefined };
          }
        }
        rowStart = rowEnd;
      }
    },
  };
}

function textColumn(path: string, { columns, texts }: ParquetFooter, wanted?: string): string {
  const listed = texts.length > 0 ? texts.join(", ") : "none";
  if (wanted !== undefined) {
    if (!columns.includes(wanted)) {
      throw new UserError(`${path}: has no column ${wanted}; columns of texts: ${listed}`);
    }
    if (!texts.includes(wanted)) {
      throw new UserError(`${path}: the column ${wanted} holds no texts; columns of texts: ${listed}`);
    }
    return wanted;
  }
  if (texts.includes("text")) return "text";
  if (texts.length === 1) return texts[0];
  throw new UserError(`${path}: name the column that holds the prompts, behind a colon; columns of texts: ${listed}`);
}

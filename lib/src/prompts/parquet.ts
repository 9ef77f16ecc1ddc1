import { UserError } from "../machine/support/errors";
import { isolatedTable } from "../machine/tables/isolatedTable";
import type { ParquetFooter } from "../machine/tables/parquetProcess";

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

/**
 * Opens a Parquet file and reads its footer.
 *
 * @param longest seconds that the footer or a row group may take to be read, but for what the file's size adds
 * @throws UserError naming the file if it is none, or cut short
 */
export async function openParquet(path: string, longest?: number): Promise<ParquetFile> {
  const ask = isolatedTable("Parquet", path, longest);
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

import type { FileMetaData, SchemaElement } from "hyparquet";
import { messageOf, UserError } from "../support/errors";

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

/** As Python reads it: a byte order mark is a character like any other, and damaged UTF-8 is an error. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Opens a Parquet file and reads its footer. @throws UserError naming the file if it is none, or cut short */
export async function openParquet(path: string): Promise<ParquetFile> {
  // An ES module: a CommonJS library can only load it in this way without a warning.
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = await import("hyparquet");
  const { compressors } = await import("hyparquet-compressors");
  const attempt = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
      const why = missing ? "no such file" : `not a Parquet file that can be read (${messageOf(error)})`;
      throw new UserError(`${path}: ${why}`, { cause: error });
    }
  };
  const { file, metadata } = await attempt(async () => {
    const file = await asyncBufferFromFile(path);
    return { file, metadata: await parquetMetadataAsync(file) };
  });
  return {
    rows: Number(metadata.num_rows),
    async *texts(column, wanted) {
      const name = textColumn(path, metadata, column);
      let rowStart = 0;
      for (const group of metadata.row_groups) {
        const rowEnd = rowStart + Number(group.num_rows);
        const chosen = wanted && [...wanted].filter((row) => row >= rowStart && row < rowEnd).sort((a, b) => a - b);
        if (chosen === undefined || chosen.length > 0) {
          const values = await attempt(() =>
            parquetReadObjects({
              file,
              metadata,
              columns: [name],
              rowStart,
              rowEnd,
              compressors,
              parsers: { stringFromBytes: (bytes) => UTF8.decode(bytes) },
            }),
          );
          for (const row of chosen ?? values.map((_, i) => rowStart + i)) {
            const text: unknown = values[row - rowStart]?.[name];
            yield { row, text: typeof text === "string" ? text : undefined };
          }
        }
        rowStart = rowEnd;
      }
    },
  };
}

function textColumn(path: string, { schema }: FileMetaData, wanted?: string): string {
  const columns = topColumns(schema);
  const texts = columns.filter(isText).map(({ name }) => name);
  const listed = texts.length > 0 ? texts.join(", ") : "none";
  if (wanted !== undefined) {
    if (!columns.some(({ name }) => name === wanted)) {
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

/** The columns that are no part of another; the schema lists the tree from the root on, parents first. */
function topColumns([root, ...rest]: readonly SchemaElement[]): SchemaElement[] {
  const columns: SchemaElement[] = [];
  const skipTree = (at: number): number => {
    let next = at + 1;
    for (let child = 0; child < (rest[at]?.num_children ?? 0); child++) next = skipTree(next);
    return next;
  };
  for (let at = 0; at < rest.length && columns.length < (root?.num_children ?? 0); at = skipTree(at)) {
    columns.push(rest[at]);
  }
  return columns;
}

function isText({ type, num_children, converted_type, logical_type, repetition_type }: SchemaElement): boolean {
  if (type !== "BYTE_ARRAY" || num_children || repetition_type === "REPEATED") return false;
  return converted_type === "UTF8" || logical_type?.type === "STRING";
}

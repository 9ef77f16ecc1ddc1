import type { SchemaElement } from "hyparquet";
import { serveIsolated } from "../support/isolated";
import { limitedCompressors } from "./compressors";
import { type ColumnPart, MOST_ROWS, type TableColumn, type TableDescription } from "./numberColumn";
import { numberColumns, type OpenedParquet, readNumbers } from "./parquetNumbers";

/** What a Parquet file's footer says, as far as it is used. */
export interface ParquetFooter {
  /** Number of rows of each row group. */
  groups: number[];
  /** Columns that are no part of another, and those of them that hold texts. */
  columns: string[];
  texts: string[];
}

/** As Python reads it: a byte order mark is a character like any other, and damaged UTF-8 is an error. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

let opened: OpenedParquet | undefined;

async function open(path: string): Promise<OpenedParquet> {
  if (opened?.path === path) return opened;
  // An ES module: a CommonJS library can only load it in this way without a warning.
  const { asyncBufferFromFile, parquetMetadataAsync } = await import("hyparquet");
  const file = await asyncBufferFromFile(path);
  return { path, file, metadata: await parquetMetadataAsync(file) };
}

async function footer(path: string): Promise<ParquetFooter> {
  opened = undefined;
  opened = await open(path);
  const { schema, row_groups, num_rows } = opened.metadata;
  const groups = row_groups.map((group) => Number(group.num_rows));
  if (!groups.every((rows) => Number.isSafeInteger(rows) && rows >= 0 && rows <= MOST_ROWS)) {
    throw new Error(`a row group claims more than ${MOST_ROWS} rows, or less than none`);
  }
  if (groups.reduce((sum, rows) => sum + rows, 0) !== Number(num_rows)) {
    throw new Error("its row groups have other numbers of rows than the whole");
  }
  const columns = topColumns(schema);
  const namesOf = (some: SchemaElement[]) => some.map(({ name }) => name).filter((name) => typeof name === "string");
  return { groups, columns: namesOf(columns), texts: namesOf(columns.filter(isText)) };
}

/** The texts of some rows that lie in one row group, null where there is none. */
async function texts(path: string, column: string, rowStart: number, rowEnd: number): Promise<(string | null)[]> {
  const { parquetReadObjects } = await import("hyparquet");
  opened = await open(path);
  const { file, metadata } = opened;
  const rows = await parquetReadObjects({
    file,
    metadata,
    columns: [column],
    rowStart,
    rowEnd,
    compressors: await limitedCompressors(),
    parsers: { stringFromBytes: (bytes) => UTF8.decode(bytes) },
  });
  return rows.map((row) => (typeof row[column] === "string" ? row[column] : null));
}

async function describe(path: string): Promise<TableDescription> {
  const { groups } = await footer(path);
  return { groups, columns: await numberColumns(await open(path)) };
}

/** Columns of one row group. */
async function numbers(path: string, columns: TableColumn[], group: number): Promise<ColumnPart[]> {
  opened = await open(path);
  const rows = opened.metadata.row_groups.map(({ num_rows }) => Number(num_rows));
  const rowStart = rows.slice(0, group).reduce((sum, some) => sum + some, 0);
  return await readNumbers(opened, columns, [rowStart, rowStart + rows[group]], await limitedCompressors());
}

/** The columns that are no part of another; the schema lists the tree from the root on, parents first. */
function topColumns([root, ...rest]: readonly SchemaElement[]): SchemaElement[] {
  const columns: SchemaElement[] = [];
  /** Elements that are still to come until the column ends. */
  let inside = 0;
  for (const element of rest) {
    if (inside === 0) columns.push(element);
    inside += Math.max(0, element.num_children ?? 0) - (inside === 0 ? 0 : 1);
  }
  return columns.slice(0, root?.num_children ?? 0);
}

function isText({ type, num_children, converted_type, logical_type, repetition_type }: SchemaElement): boolean {
  if (type !== "BYTE_ARRAY" || num_children || repetition_type === "REPEATED") return false;
  return converted_type === "UTF8" || logical_type?.type === "STRING";
}

serveIsolated({ footer, texts, describe, numbers });

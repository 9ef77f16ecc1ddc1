import { extname } from "node:path";
import { UserError } from "../support/errors";
import { type Cell, type Column, type ColumnKind, cellsOf } from "./columns";

/** Rows that are encoded together: a row group of Parquet, a record batch of Arrow. */
const ROWS_TOGETHER = 2 ** 17;

/** Rows that are written as text at once. */
const LINES_TOGETHER = 2 ** 12;

/** Gives a file in pieces. @param texts what it says of itself, where the format has room for it */
type Encoder = (columns: readonly Column[], texts: Record<string, string>) => Promise<Iterable<Uint8Array>>;

/** By the ending of the file's name. */
const ENCODERS = { parquet, arrow, csv, jsonl } satisfies Record<string, Encoder>;

export type TableFormat = keyof typeof ENCODERS;

export const TABLE_FORMATS = Object.keys(ENCODERS) as TableFormat[];

/** The format that is named, or else that of a file's ending. @throws UserError if there is none of that name */
export function tableFormat(path: string, named?: string): TableFormat {
  const wish = named ?? extname(path).slice(1).toLowerCase();
  const format = TABLE_FORMATS.find((one) => one === wish);
  if (format) return format;
  const what = named === undefined ? `${path}: does not end in the name of a format` : `unknown format "${named}"`;
  throw new UserError(`${what}; there are ${TABLE_FORMATS.join(", ")}`);
}

/** A table as a file. Numbers keep all their digits; null is none. */
export function encodeTable(
  format: TableFormat,
  columns: readonly Column[],
  texts: Record<string, string>,
): Promise<Iterable<Uint8Array>> {
  return ENCODERS[format](columns, texts);
}

async function parquet(columns: readonly Column[], texts: Record<string, string>): Promise<Iterable<Uint8Array>> {
  // An ES module: a CommonJS library can only load it in this way without a warning.
  const { ByteWriter, ParquetWriter, schemaFromColumnData } = await import("hyparquet-writer");
  const types = { text: "STRING", integer: "INT32", number: "DOUBLE", boolean: "BOOLEAN" } as const;
  const typed = columns.map(({ name, kind }) => ({ name, type: types[kind], data: [] }));
  const said = Object.entries({ ...texts, pandas: forPandas(columns) });
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: schemaFromColumnData({ columnData: typed }),
    kvMetadata: said.map(([key, value]) => ({ key, value })),
  });
  for (let from = 0; from < columns[0].length; from += ROWS_TOGETHER) {
    const columnData = columns.map((column) => {
      return { name: column.name, data: cellsOf(column, from, from + ROWS_TOGETHER) };
    });
    file.write({ columnData, rowGroupSize: ROWS_TOGETHER });
  }
  file.finish();
  return [writer.getBytes()];
}

/** Texts as such, and not as a dictionary, of which pandas and R would make categories. */
async function arrow(columns: readonly Column[], texts: Record<string, string>): Promise<Iterable<Uint8Array>> {
  const { bool, columnFromArray, float64, int32, tableFromColumns, tableToIPC, utf8 } = await import(
    "@uwdata/flechette"
  );
  const types = { text: utf8(), integer: int32(), number: float64(), boolean: bool() };
  const built = columns.map((column) => {
    const cells = columnFromArray(cellsOf(column), types[column.kind], { maxBatchRows: ROWS_TOGETHER });
    return [column.name, cells] as [string, typeof cells];
  });
  const table = tableFromColumns(built);
  table.schema.metadata = new Map(Object.entries({ ...texts, pandas: forPandas(columns) }));
  const bytes = tableToIPC(table, { format: "file" });
  return bytes ? [bytes] : [];
}

/**
 * What has pandas make integers and booleans of columns with nulls, and not floats and objects.
 * Source: pandas, "Storing pandas DataFrame objects in Apache Parquet format".
 */
function forPandas(columns: readonly Column[]): string {
  const types: Record<ColumnKind, [type: string, own: string]> = {
    text: ["unicode", "str"],
    integer: ["int32", "Int32"],
    number: ["float64", "float64"],
    boolean: ["bool", "boolean"],
  };
  const described = columns.map(({ name, kind }) => {
    const [pandas_type, numpy_type] = types[kind];
    return { name, field_name: name, pandas_type, numpy_type, metadata: null };
  });
  return JSON.stringify({ index_columns: [], column_indexes: [], columns: described, pandas_version: "3.0.0" });
}

/** RFC 4180 with a header line, in UTF-8. */
async function csv(columns: readonly Column[]): Promise<Iterable<Uint8Array>> {
  const line = (cells: readonly Cell[]) => `${cells.map(csvField).join()}\r\n`;
  return inPieces(columns, line, line(columns.map(({ name }) => name)));
}

/** A JSON object a line. JSON knows no infinite numbers: they are null. */
async function jsonl(columns: readonly Column[]): Promise<Iterable<Uint8Array>> {
  const names = columns.map(({ name }) => JSON.stringify(name));
  return inPieces(columns, (cells) => `{${cells.map((cell, i) => `${names[i]}:${JSON.stringify(cell)}`).join()}}\n`);
}

function* inPieces(
  columns: readonly Column[],
  lineOf: (cells: readonly Cell[]) => string,
  head = "",
): Iterable<Uint8Array> {
  let text = head;
  for (let row = 0; row < columns[0].length; row++) {
    text += lineOf(columns.map((column) => column.at(row)));
    if ((row + 1) % LINES_TOGETHER > 0) continue;
    yield Buffer.from(text);
    text = "";
  }
  yield Buffer.from(text);
}

/** A field of a CSV file; of null an empty one. Of "Infinity" and "Inf" polars makes a column of texts. */
export function csvField(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return value > 0 ? "inf" : "-inf";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

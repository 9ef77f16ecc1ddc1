import type { Numbers } from "../support/numberTypes";

/** Of one group: a few bytes can stand for any number of equal values. */
export const MOST_ROWS = 20_000_000;

/** A column of a table, as far as it is of use for a cloud of points. */
export interface TableColumn {
  name: string;
  /** "numbers", one a row; "vectors", a list of numbers a row; else in words what there is instead. */
  holds: string;
  /** Whether its numbers are kept as float64: float64 and integers. */
  isDouble: boolean;
  /** It holds the labels of rows that pandas has beside a table. */
  isIndex: boolean;
}

/** What a file says of its table. */
export interface TableDescription {
  columns: TableColumn[];
  /** Numbers of rows of the groups in which it is read. */
  groups: number[];
}

/** Some rows of a column [rows, width], or what is wrong with them. */
export type ColumnPart = { width: number; values: Numbers } | { refusal: string };

/** Names of the columns that are pandas' row labels, by the metadata that pandas leaves. */
export function indexColumns(pandas: string | undefined): Set<string> {
  try {
    const { index_columns: names } = JSON.parse(pandas ?? "{}") as { index_columns?: unknown };
    return new Set(Array.isArray(names) ? names.filter((name) => typeof name === "string") : []);
  } catch {
    return new Set();
  }
}

/** What pandas calls labels of rows that have no name, in Parquet, and once they have been through a .csv file. */
export const UNNAMED_INDEX: RegExp = /^(?:__index_level_\d+__|Unnamed: 0)$/;

/**
 * The numbers of some rows.
 *
 * @param rows numbers, bigints or booleans, or lists of these
 * @param firstRow the number of the first one in the file, for what is said
 */
export function columnPart(rows: ArrayLike<unknown>, { holds, isDouble }: TableColumn, firstRow: number): ColumnPart {
  const isVector = holds === "vectors";
  const width = isVector ? lengthOf(rows[0]) : 1;
  const values = new (isDouble ? Float64Array : Float32Array)(rows.length * width);
  let done = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = isVector ? (rows[i] as ArrayLike<unknown> | null) : [rows[i]];
    if (!row) return { refusal: `row ${firstRow + i} is empty (null)` };
    if (lengthOf(row) !== width) return { refusal: unlikeLengths(firstRow + i, lengthOf(row), firstRow, width) };
    for (let j = 0; j < width; j++) {
      const value = numberOf(row[j]);
      if (typeof value === "string") return { refusal: `row ${firstRow + i} ${value}` };
      values[done++] = value;
    }
  }
  return { width, values };
}

/** What to say of rows that are not equally long. */
export function unlikeLengths(row: number, length: number, otherRow: number, other: number): string {
  return `row ${row} has ${length} numbers, row ${otherRow} has ${other}: points of one dimension are needed`;
}

function lengthOf(row: unknown): number {
  return (row as ArrayLike<unknown> | null | undefined)?.length ?? 0;
}

/** A value as a number, or what is wrong with it. */
function numberOf(value: unknown): number | string {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  if (typeof value !== "bigint") return value == null ? "lacks a number (null)" : "holds something that is no number";
  if (value <= 2n ** 53n && value >= -(2n ** 53n)) return Number(value);
  return `holds ${value}, an integer beyond 2^53, which float64 does not tell from its neighbors; save it as float64 if that is near enough`;
}

import type { AsyncBuffer, ColumnData, Compressors, FileMetaData, SchemaElement, SchemaTree } from "hyparquet";
import { type ColumnPart, columnPart, indexColumns, type TableColumn, UNNAMED_INDEX } from "./numberColumn";

/** A Parquet file whose footer is read. */
export interface OpenedParquet {
  path: string;
  file: AsyncBuffer;
  metadata: FileMetaData;
}

/** The columns of a table, those that are no part of another, and what each holds. */
export async function numberColumns({ metadata }: OpenedParquet): Promise<TableColumn[]> {
  const { parquetSchema } = await import("hyparquet");
  const index = indexColumns(metadata.key_value_metadata?.find(({ key }) => key === "pandas")?.value);
  return parquetSchema(metadata).children.map((node) => {
    const { name } = node.element;
    const item = listItem(node);
    const number = item ?? node;
    const isNumber = isNumberElement(number) && (item !== undefined || node.element.repetition_type !== "REPEATED");
    const holds = isNumber ? (item ? "vectors" : "numbers") : inWords(node, item);
    const { type, logical_type } = number.element;
    const isDouble = type !== "FLOAT" && logical_type?.type !== "FLOAT16";
    return { name, holds, isDouble, isIndex: index.has(name) || UNNAMED_INDEX.test(name) };
  });
}

/** Values of columns of numbers that are in memory at a time, before they are in an array of their own. */
const MOST_VALUES = 2 ** 23;

/** Some rows of columns, in the order of `columns`. */
export async function readNumbers(
  opened: OpenedParquet,
  columns: readonly TableColumn[],
  range: readonly [start: number, end: number],
  compressors: Compressors,
): Promise<ColumnPart[]> {
  const parts: ColumnPart[] = [];
  // Planning a read of one column takes as long as of all of them, where they are many.
  const some = Math.max(1, Math.floor(MOST_VALUES / (range[1] - range[0])));
  for (let first = 0; first < columns.length; first += some)
    parts.push(...(await readSome(opened, columns.slice(first, first + some), range, compressors)));
  return parts;
}

async function readSome(
  { file, metadata }: OpenedParquet,
  columns: readonly TableColumn[],
  [rowStart, rowEnd]: readonly [number, number],
  compressors: Compressors,
): Promise<ColumnPart[]> {
  const { parquetRead } = await import("hyparquet");
  const rows = new Map(columns.map(({ name }) => [name, Array<unknown>(rowEnd - rowStart).fill(null)]));
  const names = [...rows.keys()];
  const onChunk = ({ columnName, columnData, rowStart: at }: ColumnData) => {
    const column = rows.get(columnName);
    // There may be rows before and behind those that were asked for.
    const [from, to] = [Math.max(at, rowStart), Math.min(at + columnData.length, rowEnd)];
    for (let row = from; column && row < to; row++) column[row - rowStart] = columnData[row - at];
  };
  await parquetRead({ file, metadata, columns: names, rowStart, rowEnd, compressors, onChunk });
  return columns.map((column) => columnPart(rows.get(column.name)!, column, rowStart));
}

/** What a column of lists has in each: in today's form (a group of a repeated group of it), or in one of the older ones. */
function listItem({ element, children }: SchemaTree): SchemaTree | undefined {
  if (element.converted_type !== "LIST" && element.logical_type?.type !== "LIST") return undefined;
  const [repeated] = children;
  if (children.length !== 1 || repeated.element.repetition_type !== "REPEATED") return undefined;
  if (repeated.children.length === 0) return repeated;
  return repeated.children.length === 1 ? repeated.children[0] : undefined;
}

function isNumberElement({ element, children }: SchemaTree): boolean {
  const { type, logical_type: logical, converted_type: converted } = element;
  if (children.length > 0) return false;
  if (logical?.type === "FLOAT16") return type === "FIXED_LEN_BYTE_ARRAY";
  const isPlain = logical === undefined || logical.type === "INTEGER";
  const isNumberType = ["BOOLEAN", "INT32", "INT64", "FLOAT", "DOUBLE"].includes(type ?? "");
  return isNumberType && isPlain && (converted === undefined || /^U?INT_\d+$/.test(converted));
}

function inWords({ element, children }: SchemaTree, item: SchemaTree | undefined): string {
  if (item) return item.children.length > 0 ? "lists of lists or records" : `lists of ${leafWords(item.element)}`;
  return children.length > 0 ? "records" : leafWords(element);
}

function leafWords({ type, converted_type: converted, logical_type: logical }: SchemaElement): string {
  const kind = logical?.type ?? converted;
  if (kind === "UTF8" || kind === "STRING") return "texts";
  return `${(kind ?? type ?? "unknown").toLowerCase()} values`;
}

import { closeSync } from "node:fs";
import type { Batch, DataType, Field, Table } from "@uwdata/flechette";
import { openToRead, readRange } from "../support/files";
import { widenF16 } from "../support/floats";
import { serveIsolated } from "../support/isolated";
import { limitedCompressors, unpackingLimit } from "./compressors";
import { unpackLZ4Frame } from "./lz4Frame";
import {
  type ColumnPart,
  columnPart,
  indexColumns,
  MOST_ROWS,
  type TableColumn,
  type TableDescription,
  UNNAMED_INDEX,
} from "./numberColumn";

/** Batches have more fields than their type says: the buffers as they are in the file. */
interface Buffers {
  values?: ArrayLike<number | bigint> & { subarray(start: number, end: number): ArrayLike<number | bigint> };
  offsets?: ArrayLike<number | bigint>;
  sizes?: ArrayLike<number | bigint>;
  children?: AnyBatch[];
}
type AnyBatch = Batch<unknown> & Buffers;
/** As the format numbers them (flechette's `Type`). */
const FLOAT = 3;
const BOOLEAN = 6;

type Item = number | bigint | boolean | null;

let opened: { path: string; table: Table } | undefined;

async function open(path: string): Promise<Table> {
  if (opened?.path === path) return opened.table;
  const { CompressionType, setCompressionCodec, tableFromIPC } = await import("@uwdata/flechette");
  const { ZSTD } = await limitedCompressors();
  const count = unpackingLimit();
  const encode = (): never => {
    throw new Error("nothing is packed here");
  };
  const decode = (bytes: Uint8Array, length: number): Uint8Array => {
    count(length);
    return unpackLZ4Frame(bytes, length);
  };
  setCompressionCodec(CompressionType.LZ4_FRAME, { encode, decode });
  setCompressionCodec(CompressionType.ZSTD, { encode, decode: (bytes, length) => aligned(ZSTD!(bytes, length)) });
  const { file, size } = openToRead(path);
  try {
    const bytes = readRange(file, 0, size);
    if (Buffer.from(bytes.buffer, 0, Math.min(4, size)).toString("latin1") === "FEA1")
      throw new Error("it is Feather of version 1; write it again with today's pandas or pyarrow");
    const table = tableFromIPC(bytes, { useBigInt: true });
    if (table.schema.fields.length === 0) throw new Error("it has no columns, or is no Arrow file");
    if (table.schema.endianness === 1) throw new Error("its numbers are big-endian");
    opened = { path, table };
    return table;
  } finally {
    closeSync(file);
  }
}

/** Typed arrays are views of a buffer, at a multiple of their items' size. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
}

async function describe(path: string): Promise<TableDescription> {
  opened = undefined;
  const { schema, children } = await open(path);
  const index = indexColumns(schema.metadata?.get("pandas"));
  const { Type, Precision } = await import("@uwdata/flechette");
  const kinds = new Map(Object.entries(Type).map(([kind, id]) => [id as number, kind]));
  const isNumber = ({ typeId }: DataType) => [Type.Int, Type.Float, Type.Bool].includes(typeId as never);
  const lists: number[] = [Type.List, Type.LargeList, Type.ListView, Type.LargeListView, Type.FixedSizeList];
  const columns = schema.fields.map(({ name, type }): TableColumn => {
    const item = lists.includes(type.typeId) ? (type as { children: Field[] }).children[0].type : undefined;
    const number = item ?? type;
    const kind = (kinds.get(number.typeId) ?? "unknown").toLowerCase();
    const inWords = /utf8/.test(kind) ? "texts" : lists.includes(number.typeId) ? "lists" : `${kind} values`;
    const holds = isNumber(number) ? (item ? "vectors" : "numbers") : item ? `lists of ${inWords}` : inWords;
    const isDouble = !(number.typeId === Type.Float && number.precision !== Precision.DOUBLE);
    return { name, holds, isDouble, isIndex: index.has(name) || UNNAMED_INDEX.test(name) };
  });
  const groups = children[0]?.data.map(({ length }) => length) ?? [];
  if (!groups.every((rows) => Number.isSafeInteger(rows) && rows >= 0 && rows <= MOST_ROWS))
    throw new Error(`a batch claims more than ${MOST_ROWS} rows, or less than none`);
  return { columns, groups };
}

/** Columns of one record batch. */
async function numbers(path: string, columns: TableColumn[], group: number): Promise<ColumnPart[]> {
  const { children, names } = await open(path);
  return columns.map((column) => {
    const batches = children[names.indexOf(column.name)].data as readonly AnyBatch[];
    const firstRow = batches.slice(0, group).reduce((sum, { length }) => sum + length, 0);
    const batch = batches[group];
    return columnPart(column.holds === "vectors" ? listsOf(batch) : itemsOf(batch), column, firstRow);
  });
}

/** The numbers of a batch; those that are missing are null. */
function itemsOf(batch: AnyBatch): ArrayLike<Item> {
  const { length, values, nullCount, type } = batch;
  const isBits = type.typeId === BOOLEAN;
  if (!values || !(length >= 0 && length <= values.length * (isBits ? 8 : 1))) throw new Error("a column is cut short");
  if (nullCount > 0 || isBits) return Array.from({ length }, (_, i) => batch.at(i) as Item);
  const stored = values.subarray(0, length);
  return stored instanceof Uint16Array && type.typeId === FLOAT ? widenF16(stored) : stored;
}

/** The lists of a batch; those that are missing are null. */
function listsOf(batch: AnyBatch): (ArrayLike<Item> | null)[] {
  const { length, offsets, sizes, children, type } = batch;
  const items = itemsOf(children![0]);
  const slice = (start: number, end: number): ArrayLike<Item> => {
    if (!(start >= 0 && start <= end && end <= items.length)) throw new Error("a list runs past the end of its items");
    return Array.isArray(items) ? items.slice(start, end) : (items as Float64Array).subarray(start, end);
  };
  const stride = (type as { stride?: number }).stride ?? 0;
  const rangeOf = (i: number): [number, number] => {
    if (!offsets) return [i * stride, (i + 1) * stride];
    const start = Number(offsets[i]);
    return [start, sizes ? start + Number(sizes[i]) : Number(offsets[i + 1])];
  };
  return Array.from({ length }, (_, i) => (batch.nullCount > 0 && !batch.isValid(i) ? null : slice(...rangeOf(i))));
}

serveIsolated({ describe, numbers });

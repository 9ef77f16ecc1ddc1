import { totalmem } from "node:os";
import { UserError } from "../support/errors";
import type { Numbers } from "../support/numberTypes";
import { isolatedTable } from "../tables/isolatedTable";
import { type ColumnPart, type TableDescription, unlikeLengths } from "../tables/numberColumn";
import { chooseColumns } from "./columns";
import type { NamedArray } from "./namedArray";

/** In bytes; a short file can stand for any number of equal values. */
const MOST_MEMORY = totalmem() / 2;

/**
 * The cloud in a table of a Parquet or Arrow file: a column of vectors, or columns of numbers, see {@link chooseColumns}.
 *
 * @throws UserError if a row lacks a number, vectors differ in length, or the file is damaged
 */
export async function readTableArray(format: "Parquet" | "Arrow", path: string, wanted?: string): Promise<NamedArray> {
  const ask = isolatedTable(format, path);
  const { columns, groups } = await ask<TableDescription>("describe");
  const chosen = chooseColumns(path, columns, wanted);
  const name = wanted ?? (chosen[0].holds === "vectors" ? chosen[0].name : "");
  const rows = groups.reduce((sum, some) => sum + some, 0);
  const isDouble = chosen.some((column) => column.isDouble);
  let data: Numbers | undefined;
  let dimension = chosen.length;
  let done = 0;
  for (const [group, count] of groups.entries()) {
    if (count === 0) continue;
    const parts = (await ask<ColumnPart[]>("numbers", chosen, group)).map((part, i) => {
      if ("refusal" in part) throw new UserError(`${path}: column ${chosen[i].name}: ${part.refusal}`);
      return part;
    });
    const width = parts.length > 1 ? parts.length : parts[0].width;
    if (data && width !== dimension)
      throw new UserError(`${path}: column ${chosen[0].name}: ${unlikeLengths(done, width, 0, dimension)}`);
    dimension = width;
    data ??= emptyNumbers(path, rows * dimension, isDouble);
    parts.forEach(({ values }, coordinate) => {
      if (values.length !== (parts.length > 1 ? count : count * dimension))
        throw new UserError(`${path}: column ${chosen[coordinate].name} has other numbers of rows than the table`);
      if (parts.length === 1) data!.set(values, done * dimension);
      else for (let row = 0; row < count; row++) data![(done + row) * dimension + coordinate] = values[row];
    });
    done += count;
  }
  return { name, shape: [rows, dimension], data: data ?? new Float32Array(0) };
}

function emptyNumbers(path: string, size: number, isDouble: boolean): Numbers {
  const bytes = size * (isDouble ? 8 : 4);
  if (bytes > MOST_MEMORY)
    throw new UserError(`${path}: its points take ${bytes} bytes, more than half of this machine's memory`);
  return new (isDouble ? Float64Array : Float32Array)(size);
}

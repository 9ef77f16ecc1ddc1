import { parse } from "papaparse";
import { UserError } from "../support/errors";
import { readSmallFile } from "../support/files";
import { utf8 } from "../support/json";
import { type TableColumn, UNNAMED_INDEX } from "../tables/numberColumn";
import { chooseColumns } from "./columns";
import type { NamedArray } from "./namedArray";

/** A text of the runtime can hold no more. */
const LARGEST_FILE = 2 ** 29 - 2 ** 10;

/** As programs write numbers; nan and inf are none that can be measured. */
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+$/;

interface Column extends TableColumn {
  place: number;
}

/**
 * The points of a .csv or .tsv file, one a line, as float64. A line of names at the top is one that has a cell which is no number.
 *
 * @param wanted names of columns, see {@link chooseColumns}; without a line of names they are called 0, 1, 2, ..
 * @throws UserError naming the line of a cell that is no number, or where it is not clear whether the first line is a point
 */
export function readDelimitedArray(path: string, wanted?: string): NamedArray {
  const text = textOf(path);
  const delimiter = delimiterOf(path, text);
  let columns: Column[] | undefined;
  let chosen: Column[] = [];
  let width = 0;
  let line = 0;
  let points = 0;
  let numbers = new Float64Array(1024);
  let first: string[] = [];
  /** Whether all numbers behind the first line have decimals, as integers in a first line of numbers then have not. */
  let allDecimals = true;
  const addPoint = (cells: readonly string[], number: number): void => {
    if (cells.length !== width)
      throw new UserError(`${path}: line ${number} has ${cells.length} cells, the first one has ${width}`);
    if (numbers.length < (points + 1) * chosen.length) {
      const longer = new Float64Array(Math.max(2 * numbers.length, chosen.length));
      longer.set(numbers);
      numbers = longer;
    }
    chosen.forEach(({ name, place }, i) => {
      const cell = cells[place].trim();
      if (INTEGER.test(cell) || !NUMBER.test(cell)) allDecimals = false;
      numbers[points * chosen.length + i] = numberIn(cell, `${path}: line ${number}, column ${name}`);
    });
    points++;
  };
  parse<string[]>(text, {
    delimiter,
    step({ data: cells, errors: [error] }) {
      line++;
      if (error) throw new UserError(`${path}: line ${line}: ${error.message}`);
      if (cells.length === 1 && cells[0].trim() === "") return;
      if (columns) return addPoint(cells, line);
      width = cells.length;
      const isHeader = !cells.every((cell) => NUMBER.test(cell.trim()));
      columns = columnsOf(isHeader ? cells : cells.map((_, i) => String(i)));
      chosen = chooseColumns(path, columns, wanted);
      first = cells;
      if (!isHeader && !isCounting(cells)) addPoint(cells, line);
      allDecimals = true;
    },
  });
  const arePointsBelow = allDecimals && points > (isCounting(first) ? 0 : 1);
  if (isCounting(first) ? !arePointsBelow : areIntegerNames(first) && arePointsBelow) {
    throw new UserError(
      `${path}: the first line, ${first.slice(0, 3).join(delimiter)}.., may be a point, or names as pandas writes them: ` +
        "write it with decimals (0.0), or names that are no numbers",
    );
  }
  const data = numbers.slice(0, points * chosen.length);
  return { name: wanted ?? "", shape: [points, chosen.length], data };
}

/** 0, 1, 2, ..: names, as pandas writes them where there are none, if all numbers that follow have decimals. */
function isCounting(cells: readonly string[]): boolean {
  return cells.length > 0 && cells.every((cell, i) => cell.trim() === String(i));
}

/** Years, for example. */
function areIntegerNames(cells: readonly string[]): boolean {
  const names = cells.map((cell) => cell.trim());
  return names.length > 1 && names.every((name) => INTEGER.test(name)) && new Set(names).size === names.length;
}

function textOf(path: string): string {
  const bytes = readSmallFile(path, LARGEST_FILE);
  try {
    return utf8(bytes);
  } catch (error) {
    throw new UserError(`${path}: is no text in UTF-8`, { cause: error });
  }
}

/** Tabs in .tsv; else what stands in the first line: commas, semicolons, tabs, or the spaces of numpy.savetxt. */
function delimiterOf(path: string, text: string): string {
  if (/\.tsv$/i.test(path)) return "\t";
  const [first] = text.trimStart().split("\n", 1);
  return [",", ";", "\t", " "].find((delimiter) => first.trim().includes(delimiter)) ?? ",";
}

/** Columns by the names in the first line; numpy.savetxt puts "# " before them, pandas and R leave out that of the row labels. */
function columnsOf(names: readonly string[]): Column[] {
  const firstNamed = names.findIndex((cell) => cell.trim() !== "");
  return names.map((cell, place) => {
    const name = cell.trim().replace(place === 0 ? /^#\s*/ : "", "");
    return { name, place, holds: "numbers", isDouble: true, isIndex: place < firstNamed || UNNAMED_INDEX.test(name) };
  });
}

function numberIn(cell: string, place: string): number {
  if (!NUMBER.test(cell)) {
    const what = cell === "" ? "is empty" : `holds ${JSON.stringify(cell.slice(0, 40))}, which is no number`;
    throw new UserError(`${place}: ${what}`);
  }
  const value = Number(cell);
  if (INTEGER.test(cell) && Math.abs(value) >= 2 ** 53 && BigInt(cell.replace("+", "")) !== BigInt(value)) {
    throw new UserError(
      `${place}: ${cell.slice(0, 40)} is an integer beyond 2^53, which float64 does not hold exactly`,
    );
  }
  return value;
}

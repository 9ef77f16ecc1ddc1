import { UserError } from "../support/errors";
import type { TableColumn } from "../tables/numberColumn";
import { listed } from "./namedArray";

/**
 * The columns of a table that make a cloud: one of vectors, or some of numbers, a coordinate each.
 *
 * @param wanted names with commas between them, "x*" for all that begin with x; without it the only column of vectors, or all
 *   columns where they hold numbers, apart from pandas' labels of rows
 * @throws UserError listing the columns if that does not say which
 */
export function chooseColumns<Column extends TableColumn>(
  path: string,
  columns: readonly Column[],
  wanted?: string,
): Column[] {
  const chosen = wanted === undefined ? withoutName(path, columns) : wantedColumns(path, columns, wanted);
  for (const { name } of chosen) {
    if (columns.filter((column) => column.name === name).length > 1)
      throw new UserError(`${path}: two columns are called ${name}`);
  }
  const unfit = chosen.find(({ holds }) => holds !== "numbers" && holds !== "vectors");
  if (unfit)
    throw new UserError(
      `${path}: column ${unfit.name} holds ${unfit.holds}, not integers or floats; cast it to float64 if it can be; ${all(columns)}`,
    );
  if (chosen.length > 1 && chosen.some(({ holds }) => holds === "vectors"))
    throw new UserError(`${path}: a column of vectors is a cloud by itself: name one; ${all(columns)}`);
  return chosen;
}

function withoutName<Column extends TableColumn>(path: string, columns: readonly Column[]): Column[] {
  const own = columns.filter(({ isIndex }) => !isIndex);
  const vectors = own.filter(({ holds }) => holds === "vectors");
  if (vectors.length === 1) return vectors;
  if (own.length > 0 && own.every(({ holds }) => holds === "numbers")) return own;
  const example = vectors.length > 0 ? "COLUMN" : "COLUMN or :A,B,C";
  throw new UserError(`${path}: which columns hold the points? write ${path}:${example}; ${all(columns)}`);
}

function wantedColumns<Column extends TableColumn>(path: string, columns: readonly Column[], wanted: string): Column[] {
  // A name may hold a comma or end with a star.
  const whole = columns.filter(({ name }) => name === wanted);
  if (whole.length > 0) return whole.slice(0, 1);
  return wanted.split(",").flatMap((part) => {
    const name = part.trim();
    const found = columns.find((column) => column.name === name);
    if (found) return [found];
    const matching = name.endsWith("*") ? columns.filter((column) => column.name.startsWith(name.slice(0, -1))) : [];
    if (matching.length === 0) throw new UserError(`${path}: has no column ${name}; ${all(columns)}`);
    return matching;
  });
}

function all(columns: readonly TableColumn[]): string {
  return `there are ${listed(columns.map(({ name, holds }) => `${name} (${holds})`))}`;
}

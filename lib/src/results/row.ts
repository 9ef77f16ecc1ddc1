import { inspect } from "node:util";
import type { Origin } from "../machine/experiment/experiment";
import type { Quantity } from "../machine/experiment/tidyRows";
import { canonicalJson } from "../machine/experiment/unit";
import { UserError } from "../machine/support/errors";
import type { Correlation } from "../statistics/correlation";

/** Under this name rows carry what they come from: it is no column, and goes along when a row is copied. */
export const SOURCE: unique symbol = Symbol("source");

/** What many rows have in common: a study, or the published files. */
export abstract class RowSource {
  /** What readers of a figure have to know besides the columns: "Hidden states rounded to bfloat16." */
  abstract readonly notes: readonly string[];
  /** What exported files say of it, by the name under which they say it. */
  abstract readonly provenance: { experiment: Record<string, unknown> } | { published: Record<string, string> };
  /** The hashes of a model's files; of the authors' models nothing is known. */
  filesOf(_model: string): Record<string, string> | undefined {
    return undefined;
  }

  /** Keeps printed rows short. */
  [inspect.custom](): string {
    return "…";
  }
}

/** What rows are about: a quantity of the library, or a metric of one's own. */
export type AnyQuantity = Quantity | (string & Record<never, never>);

/** The columns that all tidy rows have. */
export interface TidyColumns {
  origin: Origin;
  /** Name of the model's folder, or as the paper writes it. */
  model: string;
  /** The shuffle index S: 0 as written. */
  shuffle: number;
  /** 0..L; null for what belongs to the whole pass. The overlap at layer l is that of the layers l and l + 1, as in the paper. */
  layer: number | null;
  /** The layer divided by the last layer that has the quantity. */
  depth: number | null;
  quantity: AnyQuantity;
  /** The range scaling n2 of dimensions, k of overlaps, the degrees at which a bin of angles begins; null of all others. */
  parameter: number | null;
  readonly [SOURCE]: RowSource;
}

/** One number of one prompt in one order. */
export interface Row extends TidyColumns {
  /** Null for what was counted over prompts. */
  prompt: string | null;
  /** Dimensions without unit, loss and entropy in nats, angles in degrees. */
  value: number;
  /** Standard error, where the estimator has one. */
  error: number | null;
}

/** A mean over prompts: computed from {@link Row}s, or published as such. */
export interface MeanRow extends TidyColumns {
  mean: number;
  /** Population standard deviation (ddof 0, as in the paper). */
  sd: number;
  /** Number of prompts. */
  n: number;
}

/** A correlation over prompts at a layer: computed from {@link Row}s, or published as such. */
export interface CorrelationRow extends TidyColumns, Correlation {
  /** How a curve is called that the quantity does not tell from others: "prompt, ESS". */
  label?: string;
  /** Of values without an interval, how they were printed: "read off the printed figure". */
  note?: string;
}

export type AnyRow = Row | MeanRow | CorrelationRow;

export const isMean = (row: AnyRow): row is MeanRow => "mean" in row;
export const isValue = (row: AnyRow): row is Row => "value" in row;

/** What a row says: its value, mean or coefficient. */
export function numberOf(row: AnyRow): number {
  if (isValue(row)) return row.value;
  return isMean(row) ? row.mean : row.coefficient;
}

/** The layer at which the paper begins to show a quantity: at layer 0 equal tokens are the same point, so that neighbors say little. */
export function firstLayer(quantity: AnyQuantity): number {
  return /^(intrinsicDimension|neighbor)/.test(quantity) ? 1 : 0;
}

/** What rows are chosen by: a value of a column, or several. */
export type Wanted<R> = { [Column in keyof R]?: R[Column] | readonly R[Column][] };

/**
 * The rows whose columns have one of the wanted values.
 *
 * @example
 * const rows = published("intrinsicDimension", 2, { models: ["Llama-3-8B"] });
 * select(rows, { layer: 12, shuffle: [0, 5] }).map(({ value }) => value); // [9.355, 13.56]
 */
export function select<R extends AnyRow>(rows: readonly R[], wanted: Wanted<R>): R[] {
  const columns = Object.entries(wanted) as [keyof R, unknown][];
  return rows.filter((row) =>
    columns.every(([column, value]) => (Array.isArray(value) ? value.includes(row[column]) : row[column] === value)),
  );
}

/**
 * Rows in groups, by what `key` says of them, in the order of each group's first row.
 *
 * @example groupRows([{ layer: 1 }, { layer: 2 }, { layer: 1 }], ({ layer }) => layer).length; // 2
 */
export function groupRows<R>(rows: readonly R[], key: (row: R) => unknown): R[][] {
  const groups = new Map<unknown, R[]>();
  for (const row of rows) {
    const name = key(row);
    const group = groups.get(name);
    if (group) group.push(row);
    else groups.set(name, [row]);
  }
  return [...groups.values()];
}

/**
 * Refuses rows of two studies in which one name stands for two models, whose numbers would be taken for those of one.
 *
 * @throws UserError naming them
 */
export function refuseNamesakes(rows: readonly TidyColumns[]): void {
  const known = new Map<string, string>();
  for (const source of distinct(rows, (row) => row[SOURCE])) {
    for (const model of distinct(
      rows.filter((row) => row[SOURCE] === source),
      (row) => row.model,
    )) {
      const files = source.filesOf(model);
      const id = files && canonicalJson(files);
      if (id === undefined) continue;
      if ((known.get(model) ?? id) !== id) {
        throw new UserError(`two models are called ${model}: name both in one study, which tells them apart`);
      }
      known.set(model, id);
    }
  }
}

/** The different values of a column, in the order of their first rows. */
export function distinct<R, Value>(rows: readonly R[], column: (row: R) => Value): Value[] {
  return [...new Set(rows.map(column))];
}

/** Whether rows are the authors'. */
export const isPublished = ({ origin }: Pick<TidyColumns, "origin">): boolean => origin === "published";

import type { DimensionEstimate } from "./gride";

/** One number of a result, as a tidy table has it. */
export interface QuantityRow<Name extends string = string> {
  quantity: Name;
  /** What tells the numbers of a quantity from each other: n2, k, degrees; null where there is only one. */
  parameter: number | null;
  value: number;
  /** Standard error, where the estimator has one. */
  error: number | null;
}

/** How the results of a metric become rows of a tidy table, and rows a result again. */
export interface Quantities<Result, Name extends string = string> {
  /** In the order in which tables have them. */
  readonly names: readonly Name[];
  rows(result: Result): QuantityRow<Name>[];
  /** Begins a result of which no row has come yet. */
  begin(): ResultOfQuantities<Result>;
}

/** A result that is put together from its rows, in whatever order they come. */
export interface ResultOfQuantities<Result> {
  /** @param row of one of the quantities; its parameter is null or a whole number from 0 on */
  add(row: QuantityRow): void;
  /** Undefined while rows are missing. */
  result(): Result | undefined;
}

/** A single number. */
export function number<Name extends string>(quantity: Name): Quantities<number, Name> {
  return {
    names: [quantity],
    rows: (value) => [{ quantity, parameter: null, value, error: null }],
    begin() {
      let known: number | undefined;
      return {
        add({ value }) {
          known = value;
        },
        result: () => known,
      };
    },
  };
}

/** A single number with its standard error. */
export function estimate<Name extends string>(quantity: Name): Quantities<{ id: number; error: number }, Name> {
  return {
    names: [quantity],
    rows: ({ id: value, error }) => [{ quantity, parameter: null, value, error }],
    begin() {
      let known: { id: number; error: number } | undefined;
      return {
        add({ value, error }) {
          known = { id: value, error: error ?? Number.NaN };
        },
        result: () => known,
      };
    },
  };
}

/** A list of numbers, of which the first has the parameter 1. */
export function list<Name extends string>(quantity: Name): Quantities<number[], Name> {
  return {
    names: [quantity],
    rows: (values) => values.map((value, index) => ({ quantity, parameter: index + 1, value, error: null })),
    begin() {
      const values: number[] = [];
      return {
        add({ parameter, value }) {
          values[(parameter ?? 1) - 1] = value;
        },
        result: () => (values.includes(undefined as never) ? undefined : values),
      };
    },
  };
}

/** Counts in so many bins: the parameter is where a bin begins, and one that holds nothing has no row. */
export function counts<Name extends string>(quantity: Name, bins: number, width: number): Quantities<number[], Name> {
  return {
    names: [quantity],
    rows: (histogram) =>
      histogram.flatMap((value, bin) => (value > 0 ? { quantity, parameter: bin * width, value, error: null } : [])),
    begin() {
      const histogram = new Array<number>(bins).fill(0);
      return {
        add({ parameter, value }) {
          histogram[Math.round((parameter ?? 0) / width)] = value;
        },
        result: () => (histogram.length === bins ? histogram : undefined),
      };
    },
  };
}

/** Estimates of the dimension at several range scalings, and the lengths that these belong to, as "...Scale". */
export function estimates<Name extends string>(quantity: Name): Quantities<DimensionEstimate[], Name | `${Name}Scale`> {
  const scaleOf = `${quantity}Scale` as const;
  return {
    names: [quantity, scaleOf],
    rows: (known) => [
      ...known.map(({ scaling: parameter, id: value, error }) => ({ quantity, parameter, value, error })),
      ...known.map(({ scaling: parameter, scale: value }) => ({ quantity: scaleOf, parameter, value, error: null })),
    ],
    begin() {
      const known = new Map<number, DimensionEstimate>();
      return {
        add({ quantity: of, parameter, value, error }) {
          const scaling = parameter ?? 0;
          const rest = known.get(scaling) ?? { scaling, id: Number.NaN, error: Number.NaN, scale: Number.NaN };
          const own = of === quantity ? { id: value, error: error ?? Number.NaN } : { scale: value };
          known.set(scaling, { ...rest, ...own });
        },
        result: () => [...known.values()].sort((a, b) => a.scaling - b.scaling),
      };
    },
  };
}

/** An object, by its fields. */
export function fields<Parts extends Record<string, Quantities<unknown>>>(
  parts: Parts,
): Quantities<ResultOf<Parts>, Parts[keyof Parts]["names"][number]> {
  const all = Object.entries(parts);
  type Name = Parts[keyof Parts]["names"][number];
  return {
    names: all.flatMap(([, part]) => part.names as Name[]),
    rows: (result) => all.flatMap(([field, part]) => part.rows(result[field]) as QuantityRow<Name>[]),
    begin() {
      const begun = all.map(([field, part]) => ({ field, names: part.names, ...part.begin() }));
      return {
        add: (row) => void begun.find(({ names }) => names.includes(row.quantity))?.add(row),
        result() {
          const values = begun.map(({ field, result }) => [field, result()] as const);
          const whole = values.every(([, value]) => value !== undefined);
          return whole ? (Object.fromEntries(values) as ResultOf<Parts>) : undefined;
        },
      };
    },
  };
}

/** The object whose fields have these parts. */
type ResultOf<Parts> = {
  [Field in keyof Parts]: Parts[Field] extends Quantities<infer Result> ? Result : never;
};

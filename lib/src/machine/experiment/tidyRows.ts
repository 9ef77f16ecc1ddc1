import { FURTHER_METRICS, layerMetric, METRICS } from "../../geometry/metrics";
import { number, type Quantities, type QuantityRow, type ResultOfQuantities } from "../../geometry/quantities";
import { UserError } from "../support/errors";
import { PASS_METRICS, passMetric } from "./passMetrics";
import { type Entries, entryOf, resultOf, type UnitResult } from "./unit";

type NamesIn<Metrics> = {
  [Name in keyof Metrics]: Metrics[Name] extends { quantities: { names: readonly (infer Quantity)[] } }
    ? Quantity
    : Metrics[Name] extends { measure: unknown }
      ? Name
      : never;
}[keyof Metrics];

/** What a row of a tidy table may be about. */
export type Quantity = NamesIn<typeof PASS_METRICS & typeof METRICS & typeof FURTHER_METRICS>;

/** One number that was measured of a prompt in one order. */
export interface TidyRow extends QuantityRow<Quantity> {
  /** 0..L; null for what belongs to the whole pass. The overlap at layer l is that of the layers l and l + 1, as in the paper. */
  layer: number | null;
}

/** Range scalings go up to 256. */
const LARGEST_PARAMETER = 256;

/** The names of all quantities of the library, in the order in which tables have them. */
export function quantityNames(): Quantity[] {
  return metricNames().flatMap((name) => quantitiesOf(name).names) as Quantity[];
}

/** The metric that has a quantity: one of one's own is called as its quantity. */
export function metricWith(quantity: string): string {
  return metricNames().find((name) => quantitiesOf(name).names.includes(quantity)) ?? quantity;
}

/**
 * The numbers of a result, one a row, by layer; without the vectors of the last token. Bins that hold no angle have no row.
 *
 * @param wanted only rows of this quantity; all without it
 */
export function tidyRows(result: UnitResult, wanted?: string): TidyRow[] {
  const rows: TidyRow[] = [];
  const add = (layer: number | null, name: string, value: unknown): void => {
    if (value === undefined) return;
    const quantities = quantitiesOf(name);
    if (wanted !== undefined && !quantities.names.includes(wanted)) return;
    for (const row of quantities.rows(value)) {
      if (wanted === undefined || row.quantity === wanted) rows.push({ layer, ...row } as TidyRow);
    }
  };
  for (const name of Object.keys(PASS_METRICS)) add(null, name, entryOf(result, name));
  const names = new Set([...layerMetricNames(), ...Object.keys(result.layers[0] ?? {})]);
  result.layers.forEach((geometry: Entries, layer) => {
    for (const name of names) add(layer - shiftOf(name), name, geometry[name]);
  });
  return rows;
}

/** Puts a result together again from its rows, in whatever order they come. */
export class ResultOfRows {
  private readonly pass: Parts;
  /** Of each layer. */
  private readonly layers: Parts[];
  private readonly shifts = new Map(quantityNames().map((quantity) => [quantity, shiftOf(metricWith(quantity))]));

  /**
   * @param layers number of hidden states, L + 1
   * @param metrics names of those whose rows will come
   */
  constructor(layers: number, metrics: readonly string[]) {
    this.pass = new Parts(metrics.filter((name) => passMetric(name)));
    const ofLayers = metrics.filter((name) => !passMetric(name));
    this.layers = Array.from({ length: layers }, () => new Parts(ofLayers));
  }

  /** @throws UserError if there is no such layer, quantity or parameter */
  add({ layer, ...row }: TidyRow): void {
    const { quantity, parameter } = row;
    if (parameter !== null && !(Number.isInteger(parameter) && parameter >= 0 && parameter <= LARGEST_PARAMETER)) {
      throw new UserError(`a row of the parameter ${parameter}`);
    }
    const parts = layer === null ? this.pass : this.layers[layer + (this.shifts.get(quantity) ?? 0)];
    if (!parts) throw new UserError(`a row of layer ${layer}; there are ${this.layers.length} hidden states`);
    const whose = layer === null ? "a pass" : "a layer";
    if (!parts.add(row)) throw new UserError(`a row of the unknown quantity "${quantity}" of ${whose}`);
  }

  /** @throws UserError if rows are missing */
  result(): UnitResult {
    const pass = this.pass.results();
    if (!pass) throw new UserError("rows are missing");
    const layers = this.layers.map((parts, layer) => {
      const results = parts.results();
      if (!results) throw new UserError(`rows of layer ${layer} are missing`);
      return results;
    });
    return { ...resultOf(pass), layers } as UnitResult;
  }
}

/** Results of several metrics that are put together. */
class Parts {
  private readonly byMetric = new Map<string, ResultOfQuantities<unknown>>();
  private readonly byQuantity = new Map<string, ResultOfQuantities<unknown>>();

  constructor(metrics: readonly string[]) {
    for (const metric of metrics) {
      const { names, begin } = quantitiesOf(metric);
      if (names.length === 0) continue;
      const begun = begin();
      this.byMetric.set(metric, begun);
      for (const name of names) this.byQuantity.set(name, begun);
    }
  }

  /** @returns whether a metric has the quantity */
  add(row: QuantityRow): boolean {
    const begun = this.byQuantity.get(row.quantity);
    begun?.add(row);
    return begun !== undefined;
  }

  /** By metric; undefined if rows are missing. */
  results(): Entries | undefined {
    const results = [...this.byMetric].map(([name, begun]) => [name, begun.result()] as const);
    return results.every(([, result]) => result !== undefined) ? Object.fromEntries(results) : undefined;
  }
}

function layerMetricNames(): string[] {
  return [...Object.keys(METRICS), ...Object.keys(FURTHER_METRICS)];
}

function metricNames(): string[] {
  return [...Object.keys(PASS_METRICS), ...layerMetricNames()];
}

/** Of the metrics of a pass those that have none give vectors; all others give a number. */
function quantitiesOf(name: string): Quantities<unknown> {
  const pass = passMetric(name);
  if (pass) return pass.quantities ?? NO_QUANTITIES;
  return layerMetric(name)?.quantities ?? number(name);
}

const NO_QUANTITIES: Quantities<unknown> = { names: [], rows: () => [], begin: () => ({ add() {}, result: () => [] }) };

/** By how many layers the result of a metric stands before the one at which it is measured. */
function shiftOf(metric: string): number {
  return layerMetric(metric)?.ofTwoLayers ? 1 : 0;
}

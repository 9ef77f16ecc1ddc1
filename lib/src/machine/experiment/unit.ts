import { createHash } from "node:crypto";
import type { LayerGeometry } from "../../geometry/metrics";
import type { LogitSummary } from "../../model/logitStatistics";
import { type PassResults, passMetric } from "./passMetrics";

/** What a result depends on, and nothing else: its hash is the result's name in the store. */
export interface UnitInputs {
  /** SHA-256 of the checkpoint's files, by name. */
  checkpoint: Record<string, string>;
  /** SHA-256 of the prompt's token ids as the model reads them, shuffled as they are. */
  ids: string;
  tokens: number;
  /** The token that was put in front of them, if one was. */
  bos?: number;
  /** How many of the first ones are not in the cloud, if any are not. */
  leaveOut?: number;
  /** Version of each metric that is measured. */
  metrics: Record<string, number>;
  /** SHA-256 of the code of a metric of one's own. */
  code?: string;
  /** Of weights, hidden states and products. */
  dtype: "float32";
  /** What hidden states were rounded to before they were measured, if at all. */
  captured?: "bfloat16";
  backend: string;
}

/** What is measured of one prompt in one order. What was asked for besides is there only then. */
export interface UnitResult extends LogitSummary, Partial<PassResults> {
  /** Layers 0..L; the overlap of a layer is with the one before it. */
  layers: LayerGeometry[];
}

/** The same by the names of the metrics, as the store keeps it: of a metric of the layers the list of its results. */
export type Entries = Record<string, unknown>;

/** A result as the store keeps it. */
export interface StoredUnit<Result = UnitResult> {
  inputs: UnitInputs;
  result: Result;
  /** Told for the record; not part of the unit's identity. */
  provenance: Record<string, unknown>;
  /** By what its parts were computed, where it was put together; see {@link Origins}. */
  computedBy?: Record<string, unknown>[];
}

/** The name of a unit in the store: SHA-256 of its inputs. */
export function unitKey(inputs: UnitInputs): string {
  return createHash("sha256").update(canonicalJson(inputs)).digest("hex");
}

/** JSON with the keys of every object sorted, so that equal objects give equal text. */
export function canonicalJson(value: unknown): string {
  // Most of what there is are lists of numbers.
  if (typeof value !== "object" || value === null || isNumbers(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((part) => canonicalJson(part ?? null)).join()}]`;
  let text = "";
  for (const [name, part] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (part !== undefined) text += `${text && ","}${JSON.stringify(name)}:${canonicalJson(part)}`;
  }
  return `{${text}}`;
}

const isNumbers = (value: object): boolean => Array.isArray(value) && value.every((part) => typeof part === "number");

/** Puts together what the metrics say. */
export function resultOf(entries: Entries): Partial<UnitResult> {
  const layers: Record<string, unknown>[] = [];
  const whole: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(entries)) {
    if (name === "prediction") Object.assign(whole, value);
    else if (passMetric(name)) whole[name] = value;
    else
      (value as unknown[]).forEach((ofLayer, layer) => {
        layers[layer] = { ...layers[layer], [name]: ofLayer };
      });
  }
  return { ...(layers.length > 0 && { layers: layers as unknown as LayerGeometry[] }), ...whole };
}

/** As {@link resultOf}, of all that was asked for: undefined if the metrics are not of the same layers. */
export function wholeResult(entries: Entries): UnitResult | undefined {
  const result = resultOf(entries);
  const names = Object.keys(entries).filter((name) => !passMetric(name));
  const alike = (result.layers ?? []).every((layer) => names.every((name) => Object.hasOwn(layer, name)));
  return alike ? (result as UnitResult) : undefined;
}

/** What a metric says, out of a result that has it. */
export function entryOf(result: Partial<UnitResult>, name: string): unknown {
  if (name === "prediction") return { loss: result.loss, meanEntropy: result.meanEntropy };
  if (passMetric(name)) return result[name as keyof PassResults];
  return result.layers?.map((layer) => layer[name as keyof LayerGeometry]);
}

/** Results of several metrics of the same unit as one. */
export function joinResults(parts: readonly Partial<UnitResult>[]): Partial<UnitResult> {
  const [first, ...others] = parts.flatMap(({ layers }) => (layers ? [layers] : []));
  const layers = first?.map((layer, number) => Object.assign({}, layer, ...others.map((other) => other[number])));
  return Object.assign({}, ...parts, layers && { layers });
}

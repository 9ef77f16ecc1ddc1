import { createHash } from "node:crypto";
import type { LayerGeometry } from "../../geometry/metrics";
import type { PassResults } from "./passMetrics";

/** What the result of a unit of work depends on, and nothing else: its hash is the unit's name in the store. */
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
  /** Of weights, hidden states and products. */
  dtype: "float32";
  /** What hidden states were rounded to before they were measured, if at all. */
  captured?: "bfloat16";
  backend: string;
}

/** What is measured of one prompt in one order. */
export interface UnitResult {
  /** Layers 0..L; the overlap of a layer is with the one before it. */
  layers: LayerGeometry[];
  /** Nats; NaN for a single token. */
  loss: number;
  /** Nats. */
  meanEntropy: number;
  /** What was asked for besides; see {@link PassMetricName}. */
  logitsIntrinsicDimension?: PassResults["logitsIntrinsicDimension"];
  lastToken?: PassResults["lastToken"];
}

/** A unit as the store keeps it. */
export interface StoredUnit<Result = UnitResult> {
  inputs: UnitInputs;
  result: Result;
  /** Told for the record; not part of the unit's identity. */
  provenance: Record<string, unknown>;
}

/** The name of a unit in the store: SHA-256 of its inputs. */
export function unitKey(inputs: UnitInputs): string {
  return createHash("sha256").update(canonicalJson(inputs)).digest("hex");
}

/** JSON with the keys of every object sorted, so that equal objects give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part) =>
    part !== null && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

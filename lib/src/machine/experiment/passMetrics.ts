import type { DimensionEstimate } from "../../geometry/gride";
import { StreamedCloud } from "../../geometry/streamedCloud";
import type { PassObserver } from "../../model/forward";
import { UserError } from "../support/errors";

/**
 * Something that is measured of a prompt's pass besides the geometry of its layers, where an experiment asks for it. It is
 * kept as a unit of its own, so that asking for it leaves stored geometry as it is.
 */
export interface PassMetric<Result> {
  /** Part of a result's identity in the store: raise it whenever the numbers change. */
  version: number;
  /** Starts watching the pass of a prompt of so many tokens; `result` is asked for when the pass has ended. */
  begin(tokens: number): { observer: PassObserver; result(): Result };
}

/** GRIDE of the N logit vectors of a prompt, at all range scalings. */
const logitsIntrinsicDimension: PassMetric<DimensionEstimate[]> = {
  version: 1,
  begin(tokens) {
    const cloud = new StreamedCloud(tokens);
    return {
      observer: { onLogits: (values, { count }) => cloud.addColumns(values, count) },
      result: () => cloud.intrinsicDimension("logits"),
    };
  },
};

/** The last token's vector at each layer 0..L, as base64 of little-endian float32; see {@link lastTokenVector}. */
const lastToken: PassMetric<string[]> = {
  version: 1,
  begin() {
    const vectors: string[] = [];
    return {
      observer: {
        onHiddenState({ values, points, dimension }) {
          const vector = values.slice((points - 1) * dimension);
          vectors.push(Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64"));
        },
      },
      result: () => vectors,
    };
  },
};

/** The one place where they are registered. */
const PASS_METRICS = { logitsIntrinsicDimension, lastToken };

/** The names of all of them. */
export function passMetricNames(): string[] {
  return Object.keys(PASS_METRICS);
}

/** What an experiment can be asked to measure besides. */
export type PassMetricName = "logitsIntrinsicDimension" | "lastToken";

/** Their results. */
export interface PassResults {
  logitsIntrinsicDimension: DimensionEstimate[];
  lastToken: string[];
}

/** A metric by its name. @throws UserError if there is none of that name */
export function passMetric(name: string): PassMetric<PassResults[PassMetricName]> {
  if (Object.hasOwn(PASS_METRICS, name)) return PASS_METRICS[name as PassMetricName];
  throw new UserError(`unknown metric "${name}"; there are ${passMetricNames().join(", ")}`);
}

/** The stored vector of a prompt's last token [width] at a layer. @throws UserError if the results do not have it */
export function lastTokenVector(result: { lastToken?: string[] }, layer: number): Float32Array {
  const stored = result.lastToken?.[layer];
  if (stored === undefined) {
    const why = result.lastToken ? `there are layers 0 to ${result.lastToken.length - 1}` : "ask for lastToken";
    throw new UserError(`no vector of the last token at layer ${layer}: ${why}`);
  }
  const bytes = Uint8Array.from(Buffer.from(stored, "base64"));
  return new Float32Array(bytes.buffer);
}

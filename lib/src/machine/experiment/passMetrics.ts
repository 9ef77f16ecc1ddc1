import type { DimensionEstimate } from "../../geometry/gride";
import { estimates, fields, number, type Quantities } from "../../geometry/quantities";
import { StreamedCloud } from "../../geometry/streamedCloud";
import type { PassObserver } from "../../model/forward";
import type { LogitSummary, TokenStatistics } from "../../model/logitStatistics";
import { UserError } from "../support/errors";

/** Something that is measured of a prompt's whole pass, and not layer by layer as a {@link Metric}. */
export interface PassMetric<Result = unknown, Name extends string = string> {
  /** Part of a result's identity in the store: raise it whenever the numbers change. */
  version: number;
  /** How a result becomes rows of a table, if it does. */
  quantities?: Quantities<Result, Name>;
  /** Starts watching the pass of a prompt of so many tokens; `result` is asked for when the pass has ended. */
  begin(tokens: number): WatchedPass<Result>;
}

/** A pass that a metric watches. */
export interface WatchedPass<Result = unknown> {
  observer: PassObserver;
  result(summary: TokenStatistics): Result;
}

/** Loss and mean entropy. */
const prediction = {
  version: 1,
  quantities: fields({ loss: number("loss"), meanEntropy: number("meanEntropy") }),
  begin: (): WatchedPass<LogitSummary> => {
    return { observer: {}, result: ({ loss, meanEntropy }) => ({ loss, meanEntropy }) };
  },
} satisfies PassMetric<LogitSummary>;

/** GRIDE of the N logit vectors of a prompt, at all range scalings. */
const logitsIntrinsicDimension = {
  version: 1,
  quantities: estimates("logitsIntrinsicDimension"),
  begin(tokens): WatchedPass<DimensionEstimate[]> {
    const cloud = new StreamedCloud(tokens);
    return {
      observer: { onLogits: (values, { count }) => cloud.addColumns(values, count) },
      result: () => cloud.intrinsicDimension("logits"),
    };
  },
} satisfies PassMetric<DimensionEstimate[]>;

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

/** The one place where they are registered. Every study measures the prediction, the others where they are asked for by name. */
export const PASS_METRICS = { prediction, logitsIntrinsicDimension, lastToken };

/** What an experiment can be asked to measure besides. */
export type PassMetricName = Exclude<keyof typeof PASS_METRICS, "prediction">;

/** Their results. */
export interface PassResults {
  logitsIntrinsicDimension: DimensionEstimate[];
  lastToken: string[];
}

/** The metric of that name; undefined if there is none. */
export function passMetric(name: string): PassMetric | undefined {
  return Object.hasOwn(PASS_METRICS, name) ? PASS_METRICS[name as keyof typeof PASS_METRICS] : undefined;
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

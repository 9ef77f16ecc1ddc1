import { createHash } from "node:crypto";
import type { Metric, NamedMetric } from "../../geometry/metric";
import { FURTHER_METRICS, type FurtherMetricName, layerMetric, METRICS } from "../../geometry/metrics";
import { UserError } from "../support/errors";
import { PASS_METRICS, type PassMetric, type PassMetricName, passMetric } from "./passMetrics";
import type { UnitInputs } from "./unit";

/** What can be asked for by name, besides what every study measures. */
export type AskedMetricName = PassMetricName | FurtherMetricName;

/** Something to measure: a metric of the library, by its name, or one of one's own. */
export type Measured = string | NamedMetric;

/** What the store keeps of one metric of a prompt in one order. */
export interface Entry {
  name: string;
  metric: Measured;
  /** All that it depends on. */
  inputs: UnitInputs;
}

/** The names of what every study measures. */
export function coreMetricNames(): string[] {
  return ["prediction", ...Object.keys(METRICS)];
}

/** The names of what is measured where it is asked for. */
export function askedMetricNames(): string[] {
  return [...Object.keys(PASS_METRICS), ...Object.keys(FURTHER_METRICS)].filter((name) => name !== "prediction");
}

/** The metric of that name, if there is one. */
export function metricNamed(name: string): Metric | PassMetric | undefined {
  return passMetric(name) ?? layerMetric(name);
}

/** What every study keeps of a unit, by the versions that its name has. */
export function coreEntries(inputs: UnitInputs): Entry[] {
  const versions = { prediction: PASS_METRICS.prediction.version, ...inputs.metrics };
  return Object.entries(versions).map(([name, version]) => {
    return { name, metric: name, inputs: { ...inputs, metrics: { [name]: version } } };
  });
}

/** What earlier versions of the library kept in a single unit, together with the prediction. */
const EARLIER_FORM: Record<string, number> = {
  intrinsicDimension: 1,
  twoNN: 1,
  cosineSimilarity: 1,
  neighborhoodOverlap: 1,
  neighborAngle: 1,
};

/** The unit in which earlier versions kept an entry, if they had this metric in this version. */
export function earlierForm(inputs: UnitInputs): UnitInputs | undefined {
  const [name, version] = Object.entries(inputs.metrics)[0];
  const known = name === "prediction" ? 1 : EARLIER_FORM[name];
  return inputs.code === undefined && version === known ? { ...inputs, metrics: EARLIER_FORM } : undefined;
}

/** @throws UserError if the name is none that can be asked for */
export function checkAsked(name: string): void {
  const known = askedMetricNames();
  if (!known.includes(name)) throw new UserError(`unknown metric "${name}"; there are ${known.join(", ")}`);
}

/** @param inputs of the unit, whatever metrics they name */
export function entryFor(inputs: UnitInputs, metric: Measured): Entry {
  if (typeof metric === "string") {
    const { version } = metricNamed(metric)!;
    return { name: metric, metric, inputs: { ...inputs, metrics: { [metric]: version } } };
  }
  // Other code is another entry; what the code refers to is not seen.
  const { name, version, code } = describeMetric(metric);
  return { name, metric, inputs: { ...inputs, metrics: { [name]: version }, code } };
}

/** What a metric of one's own is, for what is made of its numbers: its version, and the SHA-256 of its code. */
export function describeMetric({ name, version, measure }: NamedMetric) {
  return { name, version, code: createHash("sha256").update(measure.toString()).digest("hex") };
}

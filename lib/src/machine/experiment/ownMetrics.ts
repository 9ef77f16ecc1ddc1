import type { LayerCloud } from "../../geometry/layerCloud";
import type { NamedMetric } from "../../geometry/metric";
import { messageOf, UserError } from "../support/errors";
import { metricNamed } from "./entries";
import { quantityNames } from "./tidyRows";

/** What a metric of one's own says of a layer. @throws UserError naming both, if it fails or gives anything but a number */
export async function measureOwn(metric: NamedMetric, cloud: LayerCloud, layer: number): Promise<number> {
  const { name } = metric;
  let value: unknown;
  try {
    value = await metric.measure(cloud);
  } catch (error) {
    throw new UserError(`metric ${name}, layer ${layer}: ${messageOf(error)}`, { cause: error });
  }
  // NaN is a number that does not exist; infinity could not be kept.
  if (typeof value === "number" && Math.abs(value) !== Number.POSITIVE_INFINITY) return value;
  throw new UserError(`metric ${name}, layer ${layer}: measure gave ${String(value)}, not a number`);
}

/** What stands beside the metrics of a unit, in results and in manifests. */
const TAKEN = ["layers", "prompt", "shuffleIndex", "key"];

/** @throws UserError if a name is taken or no name at all, or a version is none */
export function checkOwnMetrics(metrics: readonly NamedMetric[]): void {
  for (const { name, version } of metrics) {
    if (typeof name !== "string" || !/^[A-Za-z]\w*$/.test(name)) {
      throw new UserError(`"${name}" cannot be the name of a metric; use letters and digits, a letter first`);
    }
    const taken = metricNamed(name) !== undefined || [...TAKEN, ...quantityNames()].includes(name);
    if (taken || metrics.filter((other) => other.name === name).length > 1) {
      throw new UserError(`the name "${name}" is taken: give the metric another one`);
    }
    if (!Number.isInteger(version)) throw new UserError(`metric ${name}: its version must be a whole number`);
  }
}

import { type CloudView, cloudView } from "../../lib/src/geometry/cloudView";
import type { Cloud } from "../../lib/src/machine/support/cloud";
import { randomGenerator } from "../../lib/src/machine/support/random";

/** Twelve tokens in two layers of five dimensions. */
export function sampleCloud(): Promise<CloudView> {
  const random = randomGenerator("sample cloud");
  const layer = (): Cloud<Float32Array> => {
    return { values: Float32Array.from({ length: 60 }, random), points: 12, dimension: 5 };
  };
  const ids = [...new Array(12).keys()];
  const pieces = ids.map((id) => (id === 2 ? "<i>" : id === 3 ? "\n" : String(id)));
  return cloudView(
    { tokens: { ids, pieces }, hidden: [layer(), layer()], tokenLoss: Float64Array.from(ids.slice(1)) },
    3,
  );
}

import type { Figure } from "./figure";
import { type ProfileSource, shuffledProfilesFigure } from "./shuffledProfiles";

/**
 * Figure 5: overlap of the k nearest neighbors between layers l and l + 1. Rows from runSource and publishedSource with
 * quantity "neighborhoodOverlap".
 *
 * @param peakLayers for each row, the layer where the intrinsic dimension of the permuted prompts is highest; the layers
 * around it in which the permuted prompts have the lower overlap are grayed out
 * @param k the number of neighbors that the rows were made for
 */
export function figure5(sources: ProfileSource[], peakLayers: number[] = [], k = 2): Figure {
  return shuffledProfilesFigure({
    name: "fig05",
    caption:
      `Overlap of the ${k} nearest neighbors of a token between layers l and l + 1. Left: one prompt at every shuffle index ` +
      "S. Right: mean and standard deviation over prompts, as written (S = 0) and with all tokens permuted; gray: the " +
      "layers around the peak of the intrinsic dimension where the permuted prompts have the lower mean.",
    quantity: `neighborhood overlap (k = ${k})`,
    sources,
    bands: sources.map(({ mean }, row) => runBelow(mean[0].curve, mean[mean.length - 1].curve, peakLayers[row])),
  });
}

/** The run of layers around `layer` in which `lower` lies below `upper`; undefined if it does not lie below there. */
export function runBelow(
  upper: { layers: number[]; mean: number[] },
  lower: { mean: number[] },
  layer: number | undefined,
): { first: number; last: number } | undefined {
  const isBelow = (index: number) => lower.mean[index] < upper.mean[index];
  const center = upper.layers.indexOf(layer ?? Number.NaN);
  if (center < 0 || !isBelow(center)) return undefined;
  let [first, last] = [center, center];
  while (first > 0 && isBelow(first - 1)) first--;
  while (last < upper.layers.length - 1 && isBelow(last + 1)) last++;
  return { first: upper.layers[first], last: upper.layers[last] };
}

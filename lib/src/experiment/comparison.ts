import type { MeanProfile } from "./profiles";

/** One layer of a comparison. */
export interface ComparisonRow {
  layer: number;
  ours: number;
  "our sd": number;
  "published layer": number;
  published: number;
  "published sd": number;
  difference: number;
}

/**
 * Our mean profile beside a published one, layer by layer. Where the models differ in depth, a layer is held against the
 * published one at the nearest relative depth.
 */
export function compareProfiles(ours: MeanProfile, published: MeanProfile): ComparisonRow[] {
  const depth = (profile: MeanProfile) => profile.layers[profile.layers.length - 1];
  return ours.layers.map((layer, i) => {
    const target = (layer / depth(ours)) * depth(published);
    const nearest = published.layers.reduce(
      (best, candidate, j) => (Math.abs(candidate - target) < Math.abs(published.layers[best] - target) ? j : best),
      0,
    );
    return {
      layer,
      ours: ours.mean[i],
      "our sd": ours.std[i],
      "published layer": published.layers[nearest],
      published: published.mean[nearest],
      "published sd": published.std[nearest],
      difference: ours.mean[i] - published.mean[nearest],
    };
  });
}

/** Where a profile is highest. */
export interface Peak {
  layer: number;
  /** Layer divided by the last layer of the profile. */
  depth: number;
  height: number;
  /** Standard deviation over prompts there, and their number. */
  sd: number;
  n: number;
}

/** Where a mean profile is highest: the first such layer, and its depth as a share of the last layer's number. */
export function peakOf({ layers, mean, std, n }: MeanProfile): Peak {
  const index = mean.reduce((best, value, i) => (value > mean[best] ? i : best), 0);
  const layer = layers[index];
  return { layer, depth: layer / layers[layers.length - 1], height: mean[index], sd: std[index], n };
}

/** Changes of one definition each, which the tests that guard it have to notice (tests/mutations.campaign.test.ts). */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Mutation {
  what: string;
  file: string;
  /** Has to occur exactly once. */
  from: string;
  to: string;
  /** The tests that have to notice: a file, and which of its tests (enough to notice, few enough to be quick). */
  noticedBy: [file: string, names: string];
}

export const GEOMETRY: [string, string] = [
  "lib/src/geometry/geometry.test.ts",
  "\\[wasm\\] (gaussian-5d|near-duplicates|noisy)",
];
export const MODELS: [string, string] = ["tests/models.test.ts", "\\[wasm\\] (llama-gqa|gpt-neox-parallel)$"];

const GEMMA: [string, string] = ["tests/models.test.ts", "\\[wasm\\] gemma3-text-(layer-types|pattern)$"];

const GRIDE = "lib/src/geometry/grideLikelihood.ts";

export const MUTATIONS: Mutation[] = [
  {
    what: "GRIDE: N' instead of N' - 1 in the closed form",
    file: GRIDE,
    from: "return (count - 1) / sum;",
    to: "return count / sum;",
    noticedBy: GEOMETRY,
  },
  {
    what: "GRIDE: n2 instead of n2 - 1 in the likelihood equation",
    file: GRIDE,
    from: "value += (scaling - 1) * sums[group] -",
    to: "value += scaling * sums[group] -",
    noticedBy: GEOMETRY,
  },
  {
    what: "GRIDE: no outlier filter",
    file: GRIDE,
    from: "(ratio) => ratio < limit",
    to: "() => true",
    noticedBy: GEOMETRY,
  },
  {
    what: "RoPE: pairs of neighboring features instead of halves",
    file: "lib/src/model/rotary.ts",
    from: "tf.concat3d([features(half, half), features(0, half)], 1)",
    to: "tf.reshape(tf.reverse(tf.reshape(features(0, dimensions), [-1, 2, heads.shape[2]]), 1), [-1, dimensions, heads.shape[2]])",
    noticedBy: MODELS,
  },
  {
    what: "RoPE: turned the other way round",
    file: "lib/src/model/rotary.ts",
    from: "cosine: tf.tensor2d(cosine, shape), sine: tf.tensor2d(sine, shape)",
    to: "cosine: tf.tensor2d(cosine, shape), sine: tf.tensor2d(sine.map((value) => -value), shape)",
    noticedBy: MODELS,
  },
  {
    what: "Gemma 3: norm weights taken as they are stored",
    file: "lib/src/model/norms.ts",
    from: "addend === 0 ? weight : tf.add(weight, addend)",
    to: "addend === 0 ? weight : weight",
    noticedBy: GEMMA,
  },
  {
    what: "the rotary base of the other kind of layers",
    file: "lib/src/model/slidingWindow.ts",
    from: "rotary: windowRotary, slidingWindow: window",
    to: "rotary, slidingWindow: window",
    noticedBy: GEMMA,
  },
  {
    what: "neighborhood overlap: Jaccard index instead of the share of k",
    file: "lib/src/geometry/neighborhoodOverlap.ts",
    from: "count / (k + 1) / from.points",
    to: "count / (2 * (k + 1) * from.points - count)",
    noticedBy: GEOMETRY,
  },
];

/** The file's text with the change. @throws Error if the file does not hold the text that is to be changed exactly once */
export function mutated(folder: string, { file, from, to }: Mutation): string {
  const parts = readFileSync(join(folder, file), "utf8").split(from);
  if (parts.length !== 2)
    throw new Error(`${file} holds ${parts.length - 1} times the text that is to be changed: ${from}`);
  return parts.join(to);
}

import { sumUp } from "../geometry/cloudSums";
import { distinctPoints, firstOnes } from "../geometry/distinctPoints";
import { type DimensionEstimate, gride, rangeScalings } from "../geometry/gride";
import { toMatrix } from "../geometry/matrix";
import { distancesTo, nearestNeighbors } from "../geometry/neighbors";
import { simplexSkewnessDimension } from "../geometry/simplexSkewness";
import { chooseBackend } from "../machine/backend/backend";
import { lastTokenVector } from "../machine/experiment/passMetrics";
import type { UnitResult } from "../machine/experiment/unit";
import { checkCloud, FEWEST_POINTS } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import { correlate } from "../statistics/correlation";
import type { CorrelationRow, Row } from "./row";

/** How the dimension around a prompt is estimated. */
export type PromptEstimator = "ESS" | "2NN" | "high scaling";

/** The cloud of prompts at one layer: each prompt one point, the vector of its last token. */
export interface PromptCloudLayer {
  layer: number;
  /** Dimension of the whole cloud by GRIDE at all range scalings, and by ESS. */
  intrinsicDimension: DimensionEstimate[];
  simplexSkewness: number;
  /** Dimension of the cloud around each prompt [prompts]; NaN where it does not exist, and of prompts equal to an earlier one. */
  local: Record<PromptEstimator, number[]>;
}

export interface PromptCloudOptions {
  /** ESS looks at a prompt and so many nearest others; at most all. 15 by default. */
  neighbors?: number;
  /** n2 of "high scaling": 16 by default, at most the largest power of two below the number of prompts. */
  scaling?: number;
  /** See {@link chooseBackend}: results that are recorded come without one. */
  backend?: string;
}

/**
 * The cloud of prompts, layer by layer 1..L.
 *
 * Around each prompt there is a local dimension: ESS of the prompt with its nearest prompts; 2NN, 1 / ln(r2 / r1); and the
 * same ratio at a high scaling, to a constant factor the likelihood's dimension of the single ratio r_n2 / r_n1.
 *
 * Of prompts with the same vector (equal documents) the first one counts, as of equal tokens.
 *
 * @param results of one model, one a prompt, with the metric lastToken; three different prompts or more
 * @throws UserError if the metric is not there, or the prompts that differ are too few
 * @example
 * const rows = await study({ models: ["smollm2-135m"], promptCount: 6, shuffles: [0], metrics: ["lastToken"] });
 * const cloud = await promptCloud(rows.results.map(({ result }) => result));
 * [cloud.length, cloud[0].local.ESS.length]; // [30, 6]
 */
export async function promptCloud(
  results: readonly UnitResult[],
  options: PromptCloudOptions = {},
): Promise<PromptCloudLayer[]> {
  if (results.length < FEWEST_POINTS) {
    throw new UserError(`a cloud of ${results.length} prompts has no dimension; at least ${FEWEST_POINTS} are needed`);
  }
  await chooseBackend(options.backend);
  const layers: PromptCloudLayer[] = [];
  const last = (results[0].lastToken?.length ?? 2) - 1;
  for (let layer = 1; layer <= last; layer++) layers.push(await measureLayer(results, layer, options));
  return layers;
}

async function measureLayer(
  results: readonly UnitResult[],
  layer: number,
  { neighbors: wanted = 15, scaling = 16 }: PromptCloudOptions,
): Promise<PromptCloudLayer> {
  const vectors = results.map((result) => lastTokenVector(result, layer));
  const dimension = vectors[0].length;
  const values = new Float32Array(vectors.length * dimension);
  vectors.forEach((vector, prompt) => void values.set(vector, prompt * dimension));
  const all = { values, points: vectors.length, dimension };
  checkCloud(all, `last tokens at layer ${layer}`);
  const firsts = firstOnes(all, sumUp({ ...all }).squaredLengths);
  const cloud = distinctPoints(all, firsts);
  const { points } = cloud;
  if (points < FEWEST_POINTS) {
    const one = vectors.findIndex((_, prompt) => firsts[prompt] !== prompt);
    throw new UserError(
      `last tokens at layer ${layer}: of ${vectors.length} prompts only ${points} differ (prompt ${one + 1} is as prompt ` +
        `${firsts[one] + 1}); at least ${FEWEST_POINTS} are needed`,
    );
  }
  const scalings = rangeScalings(points);
  const listed = Math.min(wanted, points - 1);
  const table = await nearestNeighbors(cloud, listed, [1, ...scalings]);
  const high = scalings.reduce((largest, candidate) => (candidate <= scaling ? candidate : largest), 2);
  const ratioDimension = (n2: number, constant: number) => {
    const inner = distancesTo(table, n2 / 2);
    return Array.from(distancesTo(table, n2), (outer, point) => constant / Math.log(outer / inner[point]));
  };
  const everyone = Array.from({ length: points }, (_, point) => point);
  const matrix = toMatrix(cloud);
  const skewness = (chosen: number[]) => simplexSkewnessDimension(matrix.subMatrixRow(chosen).center("column"));
  const ofPrompts = (ofPoints: number[]) => {
    let point = 0;
    return Array.from(firsts, (first, prompt) => (first === prompt ? ofPoints[point++] : Number.NaN));
  };
  return {
    layer,
    intrinsicDimension: scalings.map((n2) => gride(table, n2)),
    simplexSkewness: skewness(everyone),
    local: {
      ESS: ofPrompts(everyone.map((point) => skewness([point, ...table.indices[point]]))),
      "2NN": ofPrompts(ratioDimension(2, 1)),
      "high scaling": ofPrompts(ratioDimension(high, singleRatioConstant(high))),
    },
  };
}

/**
 * For one ratio mu the likelihood equation of GRIDE asks for d ln(mu) = u, the same u for every mu: the root of
 * (n2 - 1) u - (n2 - n1 - 1) u / (1 - e^-u) = 1. At n2 = 2 it is 1.
 */
function singleRatioConstant(scaling: number): number {
  const inner = scaling / 2 - 1;
  let [low, high] = [0, 2];
  for (let step = 0; step < 60; step++) {
    const u = (low + high) / 2;
    if ((scaling - 1) * u - (inner * u) / -Math.expm1(-u) > 1) high = u;
    else low = u;
  }
  return high;
}

/**
 * Spearman's correlation, by layer, between the loss of a prompt and the dimension of the cloud of prompts around it: of each
 * estimator a curve, labelled "prompt, ESS".
 *
 * @param cloud from {@link promptCloud}
 * @param losses of the same prompts, in their order
 * @example
 * const local = { ESS: [2, 3, 4], "2NN": [4, 2, 3], "high scaling": [3, 2, 1] };
 * const cloud = [{ layer: 1, intrinsicDimension: [], simplexSkewness: 3, local }];
 * const losses = published("loss", undefined, { models: ["Llama-3-8B"] }).slice(0, 3);
 * const curves = promptCloudCorrelations(cloud, losses).map(({ label, coefficient }) => [label, coefficient]);
 * curves; // [["prompt, ESS", 0.5], ["prompt, 2NN", 0.5], ["prompt, high scaling", -0.5]]
 */
export function promptCloudCorrelations(cloud: readonly PromptCloudLayer[], losses: readonly Row[]): CorrelationRow[] {
  const values = losses.map(({ value }) => value);
  const estimators: PromptEstimator[] = ["ESS", "2NN", "high scaling"];
  return estimators.flatMap((estimator) =>
    cloud.map(({ layer, local }): CorrelationRow => {
      const { prompt, value, error, ...columns } = losses[0];
      const place = { layer, depth: layer / cloud.length, quantity: "intrinsicDimension" as const };
      return {
        ...columns,
        ...place,
        ...correlate(local[estimator], values, "spearman"),
        label: `prompt, ${estimator}`,
      };
    }),
  );
}

import type { Cloud } from "../machine/support/cloud";
import type { ModelRun } from "../model/model";
import { LayerCloud } from "./layerCloud";
import { localDimensions } from "./localDimension";
import { type PrincipalComponents, principalComponents } from "./principalComponents";
import { turnedOnto } from "./procrustes";
import { allNeighbors, trustworthinessOf } from "./trustworthiness";

/** A cloud in three dimensions or in two. */
export interface Picture {
  /** [tokens, 3 or 2] */
  points: Cloud<Float64Array>;
  /** How much of the variance it shows, 0 to 1; NaN where all tokens coincide. */
  share: number;
  /** See {@link trustworthiness}. */
  trustworthiness: number;
}

/** The tokens of a text at one layer, as they can be seen. */
export interface LayerView {
  /** In two dimensions, in three. */
  pictures: [Picture, Picture];
  /** Length of each token's vector [tokens]. */
  norms: Float64Array;
  /** See {@link localDimensions} [tokens]. */
  dimensions: Float64Array;
  /** The nearest tokens of each in the full space, nearest first [tokens][neighbors]. */
  nearest: Int32Array[];
}

/** The tokens of a text at all layers. */
export interface CloudView {
  /** The text of each token [tokens]. */
  pieces: string[];
  /** Loss of each token, nats; NaN of the first one [tokens]. */
  losses: Float64Array;
  /** How many nearest tokens of each are known, and trustworthiness is of. */
  neighbors: number;
  /** How many dimensions the full space has. */
  width: number;
  /** 0..L */
  layers: LayerView[];
}

/** Pictures of two dimensions and of three. */
const DIMENSIONS = [2, 3];

/**
 * What a model makes of a text, to be looked at: the tokens of every layer along its first principal components, in a size that is
 * the same for all layers, turned to lie as near to the layer before as they can. A token is drawn where it falls, and its true neighbors
 * are named.
 *
 * @param run what {@link Model.run} gives, three tokens or more
 * @param neighbors of each token, below half of the tokens; without it 8, or as many as that allows
 * @throws UserError if there are too few tokens, or not so many neighbors
 * @example
 * const run = await (await loadModel("llama-mini")).run("The tide came in over the flats, and the boats began to stir.");
 * const { layers } = await cloudView(run);
 * [layers.length, layers[12].pictures[1].share]; // [13, 0.46]
 */
export async function cloudView(
  { tokens, hidden, tokenLoss }: Pick<ModelRun, "tokens" | "hidden" | "tokenLoss">,
  neighbors?: number,
): Promise<CloudView> {
  const { points, dimension: width } = hidden[0];
  const k = neighbors ?? Math.min(8, Math.ceil(points / 2) - 1);
  const layers: LayerView[] = [];
  for (const cloud of hidden) layers.push(await layerView(cloud, k, layers.at(-1)));
  const pieces = tokens.ids.map((id, place) => tokens.pieces[place] ?? String(id));
  return { pieces, losses: Float64Array.of(Number.NaN, ...tokenLoss), neighbors: k, width, layers };
}

/** @param before the layer that it is turned onto */
async function layerView(cloud: Cloud, neighbors: number, before?: LayerView): Promise<LayerView> {
  const layer = new LayerCloud(cloud, "the cloud");
  const components = principalComponents(cloud, Math.max(...DIMENSIONS));
  const nearest = await allNeighbors(cloud);
  const pictures: Picture[] = [];
  for (const [i, dimension] of DIMENSIONS.entries()) {
    const { projection, share } = firstComponents(components, dimension);
    const sized = ofSizeOne(projection);
    const points = before ? turnedOnto(sized, before.pictures[i].points) : sized;
    pictures.push({ points, share, trustworthiness: await trustworthinessOf(nearest, projection, neighbors) });
  }
  return {
    pictures: pictures as [Picture, Picture],
    norms: layer.squaredLengths.map(Math.sqrt),
    dimensions: await localDimensions(layer),
    nearest: nearest.map((others) => others.slice(0, neighbors)),
  };
}

/** The same with fewer of them. */
function firstComponents({ projection, variances, share }: PrincipalComponents, count: number): PrincipalComponents {
  const { values, points, dimension } = projection;
  const kept = variances.slice(0, count);
  const [part, whole] = [kept, variances].map((some) => some.reduce((sum, variance) => sum + variance, 0));
  const first = { values: values.filter((_, i) => i % dimension < count), points, dimension: count };
  return { projection: first, variances: kept, share: (share * part) / whole };
}

/** The mean of the points' squared lengths made 1; points that all coincide stay where they are. */
function ofSizeOne({ values, points, dimension }: Cloud<Float64Array>): Cloud<Float64Array> {
  const sum = values.reduce((total, value) => total + value * value, 0);
  return { values: sum > 0 ? values.map((value) => value / Math.sqrt(sum / points)) : values, points, dimension };
}

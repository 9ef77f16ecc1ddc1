import { type Cloud, checkCloud } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import { sumUp } from "./cloudSums";
import { firstOnes } from "./distinctPoints";
import { type GramMatrix, gramMatrix } from "./gramMatrix";
import { inKernelMemory } from "./kernels";

/** Rows of the Gram matrix that are looked through at a time. */
const ROWS_AT_A_TIME = 256;

/** The nearest neighbors of every point, a point itself left out; ties are broken by index. */
export interface Neighbors {
  points: number;
  /** How many neighbors are listed for each point. */
  count: number;
  /** Which points they are, nearest first [points][count]. */
  indices: Int32Array[];
  /** Of which neighbors, counted from 1, the distance is known: 1, 2, ..., count, or only some of them, or further ones too. */
  ranks: readonly number[];
  /** Euclidean distance to the neighbor of each rank [points][ranks]: `distances[i][0]` is that to the nearest. */
  distances: Float64Array[];
}

/**
 * The nearest neighbors of every point of a cloud, with their distances, exact in float64: those of
 * {@link neighborsByDefinition}, in a fraction of the time.
 *
 * @param cloud three points or more
 * @param count how many neighbors of each point, at most all others
 * @throws UserError if the cloud is too small or holds NaN or infinity, or there are not so many neighbors
 * @example
 * const near = await neighbors({ values: Float64Array.of(0, 1, 3, 7), points: 4, dimension: 1 }, 2);
 * near.indices[2]; // [1, 0]
 * near.distances[2]; // [2, 3]
 */
export async function neighbors(cloud: Cloud, count: number): Promise<Neighbors> {
  checkCloud(cloud, "the cloud");
  checkCount(cloud, count);
  return nearestNeighbors({ ...cloud }, count, upTo(count)); // An object of its own: its values may be others than before.
}

/** @throws UserError if there are not so many neighbors */
export function checkCount({ points }: Cloud, count: number): void {
  if (Number.isInteger(count) && count >= 1 && count < points) return;
  throw new UserError(`neighbor ${count} of ${points} points: must be a whole number from 1 to ${points - 1}`);
}

/** 1, 2, ..., count */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/**
 * Distance of every point to one of its neighbors [points].
 *
 * @param rank which neighbor, counted from 1
 * @throws UserError if its distance is not known
 */
export function distancesTo({ ranks, distances }: Pick<Neighbors, "ranks" | "distances">, rank: number): Float64Array {
  const column = ranks.indexOf(rank);
  if (column < 0) throw new UserError(`the distance to neighbor ${rank} is not known: take neighbors(cloud, ${rank})`);
  const chosen = new Float64Array(distances.length);
  for (let point = 0; point < chosen.length; point++) chosen[point] = distances[point][column];
  return chosen;
}

/** @throws UserError if two points coincide: between them there is no ratio of distances */
export function checkDistinct({ ranks, distances }: Pick<Neighbors, "ranks" | "distances">): void {
  const point = ranks.length > 0 ? distances.findIndex((row) => row[0] === 0) : -1;
  if (point >= 0)
    throw new UserError(`two tokens coincide (point ${point} and its neighbor): take distinctPoints(cloud)`);
}

/**
 * How {@link neighbors} are found, with no more distances than are asked for: float32 products of the centered points say which neighbors may stand at a
 * rank, within a bound on their error. Measured by differences of coordinates in float64 are only those that the bound
 * cannot tell apart, and those whose distance is asked for. (The work is done by lib/kernels/neighbors.ts.)
 *
 * @param cloud at least `listed` + 1 points
 * @param listed how many neighbors to list for each point
 * @param ranks at which neighbors to give the distance; ascending, each below the number of points
 * @param known what is there already of the cloud: its products, and which points coincide
 */
export async function nearestNeighbors(
  cloud: Cloud,
  listed: number,
  ranks: number[],
  known: { gram?: GramMatrix; firstOnes?: Int32Array } = {},
): Promise<Neighbors> {
  const { points, dimension } = cloud;
  const gram = known.gram ?? (await gramMatrix(cloud));
  const firsts = known.firstOnes ?? firstOnes(cloud, sumUp(cloud).squaredLengths);
  const indices = new Int32Array(points * listed);
  const distances = new Float64Array(points * ranks.length);
  await gram.forRows((products, start, count) => {
    inKernelMemory(cloud, (memory, valuesAt, isDouble) => {
      const { call } = memory;
      const normsAt = memory.place(gram.squaredNorms);
      const firstsAt = memory.place(firsts);
      const ranksAt = memory.place(Int32Array.from(ranks));
      const { relativeError } = gram;
      call.beginNeighbors(
        valuesAt,
        isDouble,
        points,
        dimension,
        normsAt,
        firstsAt,
        relativeError,
        listed,
        ranksAt,
        ranks.length,
      );
      const rows = Math.min(count, ROWS_AT_A_TIME);
      const indicesAt = memory.reserve(4 * rows * listed);
      const distancesAt = memory.reserve(8 * rows * ranks.length);
      const productsAt = memory.reserve(4 * rows * points);
      for (let row = 0; row < count; row += rows) {
        const some = Math.min(rows, count - row);
        memory.float32(productsAt, some * points).set(products.subarray(row * points, (row + some) * points));
        call.findNeighbors(start + row, some, productsAt, indicesAt, distancesAt);
        indices.set(memory.int32(indicesAt, some * listed), (start + row) * listed);
        distances.set(memory.float64(distancesAt, some * ranks.length), (start + row) * ranks.length);
      }
    });
  });
  return { points, count: listed, indices: rowsOf(indices, points), ranks, distances: rowsOf(distances, points) };
}

/** The rows of a matrix [points, any], as views of it. */
function rowsOf<Values extends Int32Array | Float64Array>(matrix: Values, points: number): Values[] {
  const width = matrix.length / points;
  return Array.from({ length: points }, (_, row) => matrix.subarray(row * width, (row + 1) * width) as Values);
}

/** The paper looks at neighborhoods of up to this many points. */
export const LARGEST_NEIGHBORHOOD = 31;

/** How many neighbors can be compared in a cloud of N points: all others, at most 31. */
export function neighborhoodSizes(points: number): number {
  return Math.min(LARGEST_NEIGHBORHOOD, points - 1);
}

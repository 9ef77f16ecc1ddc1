import type { Cloud } from "../support/cloud";
import { sumUp } from "./cloudSums";
import { firstOnes } from "./distinctPoints";
import { type GramMatrix, gramMatrix } from "./gramMatrix";
import { inKernelMemory } from "./kernels";

/** Rows of the Gram matrix that are looked through at a time. */
const ROWS_AT_A_TIME = 256;

/** The nearest neighbors of every point, a point itself left out; ties are broken by index. */
export interface NeighborTable {
  points: number;
  /** How many neighbors are listed for each point. */
  listed: number;
  /** Which points they are, nearest first [points, listed]. */
  indices: Int32Array;
  /** At which neighbors, counted from 1, the distance is known: ascending. */
  ranks: number[];
  /** Euclidean distance to the neighbor of each rank [points, ranks.length]. */
  distances: Float64Array;
}

/**
 * Finds nearest neighbors, exact in float64: float32 products of the centered points say which neighbors may stand at a
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
): Promise<NeighborTable> {
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
  return { points, listed, indices, ranks, distances };
}

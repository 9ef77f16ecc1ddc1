import type { Cloud } from "../machine/support/cloud";
import { checkCount, type Neighbors, upTo } from "./neighbors";

/**
 * The nearest neighbors of every point as they are defined: all distances, sorted, ties by index. It takes the time of
 * N x N distances and as many sorts; {@link neighbors} gives the same.
 *
 * @param count how many neighbors of each point
 * @throws UserError if there are not so many
 * @example
 * const near = neighborsByDefinition({ values: Float64Array.of(0, 1, 3, 7), points: 4, dimension: 1 }, 2);
 * near.distances[3]; // [4, 6]
 */
export function neighborsByDefinition(cloud: Cloud, count: number): Neighbors {
  checkCount(cloud, count);
  const { values, points, dimension } = cloud;
  const near: Neighbors = { points, count, indices: [], ranks: upTo(count), distances: [] };
  for (let i = 0; i < points; i++) {
    const squares = new Float64Array(points);
    for (let j = 0; j < points; j++) {
      for (let axis = 0; axis < dimension; axis++) {
        squares[j] += (values[i * dimension + axis] - values[j * dimension + axis]) ** 2;
      }
    }
    const others = Array.from(squares.keys()).filter((j) => j !== i);
    const nearest = others.sort((a, b) => squares[a] - squares[b] || a - b).slice(0, count);
    near.indices.push(Int32Array.from(nearest));
    near.distances.push(Float64Array.from(nearest, (j) => Math.sqrt(squares[j])));
  }
  return near;
}

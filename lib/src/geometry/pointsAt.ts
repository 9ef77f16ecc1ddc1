import type { Cloud } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";

/**
 * The points of a cloud at some positions, in their order; the others are left out.
 *
 * @param positions from 0, each once
 * @throws UserError if there is no point at a position, or it is named twice
 * @example
 * const line = { values: Float64Array.of(0, 1, 3, 7), points: 4, dimension: 1 };
 * pointsAt(line, [1, 2, 3]).values; // [1, 3, 7]
 */
export function pointsAt({ values, points, dimension }: Cloud, positions: readonly number[]): Cloud {
  const seen = new Set<number>();
  for (const position of positions) {
    if (!Number.isInteger(position) || position < 0 || position >= points) {
      throw new UserError(`point ${position}: there are points 0 to ${points - 1}`);
    }
    if (seen.has(position)) throw new UserError(`point ${position} is named twice`);
    seen.add(position);
  }
  const kept = values.slice(0, positions.length * dimension);
  positions.forEach((position, i) => {
    kept.set(values.subarray(position * dimension, (position + 1) * dimension), i * dimension);
  });
  return { values: kept, points: positions.length, dimension };
}

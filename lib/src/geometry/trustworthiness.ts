import { type Cloud, checkCloud } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import { nearestNeighbors, neighbors } from "./neighbors";

/**
 * How far the neighbors of a picture can be trusted: 1 if each point's k nearest ones there are its k nearest ones in the full space,
 * less the farther away those are that are not, 1 - 2 / (N k (2N - 3k - 1)) sum (r(i, j) - k) over the false neighbors j of all points
 * i, with r the rank of j among the neighbors of i in the full space. About 0.5 of a picture that has nothing to do with the cloud.
 *
 * @param cloud in the full space
 * @param picture the same points, in fewer dimensions
 * @param count k, below half the number of points
 * @throws UserError if the clouds are too small, hold NaN or infinity, or have not the same number of points, or k is none
 * @see Venna and Kaski 2001 (ICANN), equation 1; equally far neighbors are ranked by their number
 * @example
 * const line = { values: Float64Array.of(0, 1, 3, 7, 15, 31), points: 6, dimension: 1 };
 * const folded = { values: Float64Array.of(0, 1, 3, 7, 15, 0.4), points: 6, dimension: 1 };
 * await trustworthiness(line, folded, 1); // 0.5
 */
export async function trustworthiness(cloud: Cloud, picture: Cloud, count: number): Promise<number> {
  return trustworthinessOf(await allNeighbors(cloud), picture, count);
}

/** All other points of a cloud, nearest first [points][points - 1]: of several pictures of it they are found once. */
export async function allNeighbors(cloud: Cloud): Promise<Int32Array[]> {
  checkCloud(cloud, "the cloud");
  return (await nearestNeighbors({ ...cloud }, cloud.points - 1, [])).indices;
}

/** {@link trustworthiness} of a picture of the cloud whose {@link allNeighbors} these are. */
export async function trustworthinessOf(all: readonly Int32Array[], picture: Cloud, count: number): Promise<number> {
  const points = all.length;
  if (points !== picture.points) {
    throw new UserError(`the picture has ${picture.points} points, the cloud ${points}: they must be as many`);
  }
  if (!Number.isInteger(count) || count < 1 || count >= points / 2) {
    throw new UserError(
      `trustworthiness of ${count} neighbors of ${points} points: must be 1 or more, below half of the points`,
    );
  }
  const { indices: shown } = await neighbors(picture, count);
  let excess = 0;
  for (let point = 0; point < points; point++) {
    const rank = new Int32Array(points);
    all[point].forEach((other, place) => {
      rank[other] = place + 1;
    });
    for (const other of shown[point]) excess += Math.max(0, rank[other] - count);
  }
  return 1 - (2 * excess) / (points * count * (2 * points - 3 * count - 1));
}

import { type GramMatrix, gramMatrix } from "./gramMatrix";
import type { PointCloud } from "./pointCloud";
import { SmallestValues } from "./select";

/** Relative error of keeping an approximate distance as a float32. */
const KEPT_AS_FLOAT32 = 2 ** -23;

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
 * cannot tell apart, and those whose distance is asked for.
 *
 * @param cloud at least `listed` + 1 points
 * @param listed how many neighbors to list for each point
 * @param ranks at which neighbors to give the distance; ascending, each below the number of points
 * @param gram of the cloud, if it is there already
 */
export async function nearestNeighbors(
  cloud: PointCloud,
  listed: number,
  ranks: number[],
  gram?: GramMatrix,
): Promise<NeighborTable> {
  const { points } = cloud;
  const table: NeighborTable = {
    points,
    listed,
    indices: new Int32Array(points * listed),
    ranks,
    distances: new Float64Array(points * ranks.length),
  };
  const products = gram ?? (await gramMatrix(cloud));
  const finder = new RowNeighbors(cloud, products, table);
  await products.forRows((rows, start, count) => {
    for (let row = 0; row < count; row++) finder.find(start + row, rows, row * points);
  });
  return table;
}

/** The neighbors of one point after the other; its arrays are reused from point to point. */
class RowNeighbors {
  private readonly furthest: number;
  private readonly squaredNorms: Float64Array;
  /** Approximate squared distances to all points, and which are the smallest. */
  private readonly nearest: SmallestValues;
  /** Squared distances in float64 where they have been measured, else -1. */
  private readonly measured: Float64Array;
  /** Approximate squared distances that differ by no more than this may be in the wrong order. */
  private uncertainty = 0;

  constructor(
    private readonly cloud: PointCloud,
    private readonly gram: GramMatrix,
    private readonly table: NeighborTable,
  ) {
    const { points, listed, ranks } = table;
    this.furthest = Math.max(listed, ranks.at(-1) ?? 0);
    this.squaredNorms = gram.squaredNorms;
    this.nearest = new SmallestValues(points);
    this.measured = new Float64Array(points);
  }

  /** Fills in the row of a point; its products with all points start at `offset` of `gram`. */
  find(point: number, gram: Float32Array, offset: number): void {
    const { listed, ranks, indices, distances } = this.table;
    const { order } = this.nearest;
    const count = this.selectCandidates(point, gram, offset);
    this.measured.fill(-1);
    let certain = 0; // so many places of `order` are as they should be
    while (certain < listed) certain = this.putInOrder(point, certain, certain, count);
    for (let place = 0; place < listed; place++) indices[point * listed + place] = order[place];
    for (let i = 0; i < ranks.length; i++) {
      const place = ranks[i] - 1;
      if (place >= certain) certain = this.putInOrder(point, place, certain, count);
      distances[point * ranks.length + i] = Math.sqrt(this.squaredDistance(point, order[place]));
    }
  }

  /**
   * Puts into `nearest.order` all points that may be among the `furthest` nearest, by approximate distance. Returns their
   * number.
   *
   * d^2 = |x|^2 + |y|^2 - 2 xy, so its error is twice that of the product: at most 2 e |x| |y|, with the relative error e.
   * A point y at a distance d <= T of x is no longer than |x| + T, so its error is at most E = 2 e |x| (|x| + T); T is
   * chosen such that the wanted points are surely within it, and then all that may be wanted come out at T^2 + E or less.
   */
  private selectCandidates(point: number, gram: Float32Array, offset: number): number {
    const { squaredNorms, nearest } = this;
    const { values } = nearest;
    const square = squaredNorms[point];
    for (let other = 0; other < values.length; other++) {
      const distance = square + squaredNorms[other] - 2 * gram[offset + other];
      values[other] = distance > 0 ? distance : 0;
    }
    const norm = Math.sqrt(square);
    const slope = 2 * this.gram.relativeError * norm;
    return nearest.select(this.furthest, point, (value) => {
      const kept = value * (1 + KEPT_AS_FLOAT32);
      const reach = slope / 2 + Math.sqrt((slope * slope) / 4 + kept + slope * norm); // T: T^2 = value + E
      const error = slope * (norm + reach) + 2 * reach * reach * KEPT_AS_FLOAT32;
      this.uncertainty = 2 * error;
      return reach * reach + error;
    });
  }

  /**
   * Puts the candidate of one place where it belongs: those that cannot be told from it, directly or through others, are
   * measured and sorted by true distance and then index; all before them are surely nearer, all after them further.
   *
   * @param certain so many places are done
   * @param count number of candidates
   * @returns how many places are done now
   */
  private putInOrder(point: number, place: number, certain: number, count: number): number {
    const { order, values } = this.nearest;
    let start = place;
    while (start > certain && values[order[start]] - values[order[start - 1]] <= this.uncertainty) start--;
    let end = place + 1;
    while (end < count && values[order[end]] - values[order[end - 1]] <= this.uncertainty) end++;
    if (end - start > 1) this.sortByDistance(point, order.subarray(start, end));
    return end;
  }

  private sortByDistance(point: number, others: Int32Array): void {
    const { measured } = this;
    for (let i = 0; i < others.length; i++) this.squaredDistance(point, others[i]);
    if (others.length === 2) {
      const [a, b] = others;
      if (measured[b] < measured[a] || (measured[b] === measured[a] && b < a)) others.reverse();
    } else {
      others.sort((a, b) => measured[a] - measured[b] || a - b);
    }
  }

  /** The squared distance of two points in float64, by differences of coordinates. */
  private squaredDistance(point: number, other: number): number {
    const known = this.measured[other];
    if (known >= 0) return known;
    const { values, dimension } = this.cloud;
    const squared = squaredDistance(values, point * dimension, other * dimension, dimension);
    this.measured[other] = squared;
    return squared;
  }
}

/** In four sums: one alone would wait for its own last addition. */
function squaredDistance(values: PointCloud["values"], first: number, second: number, dimension: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  let column = 0;
  for (; column + 3 < dimension; column += 4) {
    const i = first + column;
    const j = second + column;
    const p = values[i] - values[j];
    const q = values[i + 1] - values[j + 1];
    const r = values[i + 2] - values[j + 2];
    const s = values[i + 3] - values[j + 3];
    a += p * p;
    b += q * q;
    c += r * r;
    d += s * s;
  }
  for (; column < dimension; column++) {
    const difference = values[first + column] - values[second + column];
    a += difference * difference;
  }
  return a + b + (c + d);
}

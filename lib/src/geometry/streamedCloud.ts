import { type Cloud, FEWEST_POINTS } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import { meanPoint, type ProductTile, symmetricProduct } from "./gramMatrix";
import { type DimensionEstimate, gride, rangeScalings } from "./gride";
import { inKernelMemory } from "./kernels";
import { SmallestValues } from "./select";

/** Coordinates whose products are summed in float32, one after the other. */
const COLUMNS_AT_A_TIME = 128;

/** So many such sums are added to each other, before they are added up in float64. */
const SUMS_AT_A_TIME = 4;

/** Rounding of a squared distance, as a share of the squared lengths of the two points; smaller ones count as this. */
const RESOLUTION = 1e-7;

/** If rounding could change the mean logarithm of the ratios, and so the dimension, by more than this, there is none. */
const LARGEST_ERROR = 0.02;

/**
 * N points whose coordinates come a few at a time and are not kept: the logits of a prompt are as many as the vocabulary.
 * Kept is the N x N Gram matrix of the centered points, from which all distances follow. (Distances from whole vectors, as
 * in neighbors.ts, are exact; these agree with them to about 1e-6 of the points' lengths, which is enough for points as far
 * apart as logits usually are. Where it is not, as for the logits of repeated lines, a dimension is NaN.)
 */
export class StreamedCloud {
  /** Products of the centered points [N, N], in float64; above the diagonal. */
  private readonly gram: Float64Array;
  /** Squared length of each centered point [N]. */
  private readonly squares: Float64Array;
  /** Two hashes of each point's coordinates [N, 2], to find those that coincide in all of them. */
  private hashes: Int32Array;

  /** @param points N */
  constructor(private readonly points: number) {
    this.gram = new Float64Array(points * points);
    this.squares = new Float64Array(points);
    this.hashes = new Int32Array(2 * points);
  }

  /** Takes further coordinates of all points: [N, columns] in C order. */
  async addColumns(values: Float32Array, columns: number): Promise<void> {
    const { points } = this;
    const tile = { values, points, dimension: columns };
    const mean = meanPoint(tile);
    this.hashes = inKernelMemory(tile, (memory, valuesAt) => {
      const hashesAt = memory.place(this.hashes);
      memory.call.hashOnto(valuesAt, points, columns, hashesAt);
      return memory.int32(hashesAt, 2 * points).slice();
    });
    let parts: Float32Array[] = [];
    for (let first = 0; first < columns; first += COLUMNS_AT_A_TIME) {
      const count = Math.min(COLUMNS_AT_A_TIME, columns - first);
      parts.push(this.center(tile, mean, first, count));
      if (parts.length < SUMS_AT_A_TIME && first + count < columns) continue;
      await symmetricProduct(parts, points, (products) => this.addProducts(products));
      parts = [];
    }
  }

  /** Some columns, centered [N, count]; takes their squared lengths on the way. */
  private center(tile: Cloud, mean: Float64Array, first: number, count: number): Float32Array {
    const { points } = this;
    return inKernelMemory(tile, (memory, valuesAt) => {
      const [meanAt, squaresAt] = [memory.place(mean.subarray(first)), memory.reserve(8 * points)];
      const centeredAt = memory.reserve(4 * points * count);
      memory.call.center(valuesAt + 4 * first, false, points, count, tile.dimension, meanAt, 1, centeredAt, squaresAt);
      memory.float64(squaresAt, points).forEach((square, point) => {
        this.squares[point] += square;
      });
      return memory.float32(centeredAt, points * count).slice();
    });
  }

  private addProducts({ values, top, left, rows, columns }: ProductTile): void {
    const { gram, points } = this;
    for (let row = 0, i = 0; row < rows; row++) {
      const start = (top + row) * points + left;
      for (let column = 0; column < columns; column++) gram[start + column] += values[i++];
    }
  }

  /**
   * Intrinsic dimension by GRIDE at all range scalings, of the points that do not coincide; none of fewer than three. It
   * is NaN where neighbors are so close to each other that rounding decides their distances.
   *
   * @param name for the message
   * @throws UserError if a coordinate was NaN or infinite
   */
  intrinsicDimension(name: string): DimensionEstimate[] {
    const broken = this.squares.findIndex((square) => !Number.isFinite(square));
    if (broken >= 0) {
      throw new UserError(`${name}: point ${broken} holds NaN or infinity; all values must be finite numbers`);
    }
    const distinct = this.distinctPoints();
    if (distinct.length < FEWEST_POINTS) return [];
    const scalings = rangeScalings(distinct.length);
    const ranks = [1, ...scalings];
    const distances: Float64Array[] = [];
    const rounding: Float64Array[] = [];
    const row = new Float64Array(distinct.length);
    const nearest = new SmallestValues(distinct.length);
    distinct.forEach((point, index) => {
      this.fillSquaredDistances(row, point, distinct);
      nearest.values.set(row);
      nearest.select(ranks.at(-1)!, index, (limit) => limit);
      const near = ranks.map((rank) => nearest.order[rank - 1]);
      distances.push(Float64Array.from(near, (other) => Math.sqrt(row[other])));
      const lengths = (other: number) => this.squares[point] + this.squares[distinct[other]];
      rounding.push(Float64Array.from(near, (other) => (RESOLUTION * lengths(other)) / row[other] / 2));
    });
    return scalings.map((scaling) => {
      const estimate = gride({ ranks, distances }, scaling);
      const [inner, outer] = [ranks.indexOf(scaling / 2), ranks.indexOf(scaling)];
      let [error, logRatio] = [0, 0];
      distances.forEach((ofPoint, point) => {
        error += rounding[point][inner] + rounding[point][outer];
        logRatio += Math.log(ofPoint[outer] / ofPoint[inner]);
      });
      return error <= LARGEST_ERROR * logRatio ? estimate : { ...estimate, id: Number.NaN, error: Number.NaN };
    });
  }

  private fillSquaredDistances(row: Float64Array, point: number, others: readonly number[]): void {
    const { gram, points, squares } = this;
    others.forEach((other, i) => {
      const sum = squares[point] + squares[other];
      const product = point < other ? gram[point * points + other] : gram[other * points + point];
      row[i] = Math.max(sum - 2 * product, RESOLUTION * sum);
    });
  }

  private distinctPoints(): number[] {
    const seen = new Set<string>();
    return Array.from({ length: this.points }, (_, point) => point).filter((point) => {
      const key = `${this.hashes[2 * point]},${this.hashes[2 * point + 1]}`;
      return !seen.has(key) && seen.add(key);
    });
  }
}

import * as tf from "@tensorflow/tfjs-core";
import { UserError } from "../support/errors";
import { columnMeans } from "./gramMatrix";
import { type DimensionEstimate, gride, rangeScalings } from "./gride";
import { FEWEST_POINTS } from "./pointCloud";

/** Coordinates whose products are summed in float32; sums of so many are added up in float64. */
const COLUMNS_AT_A_TIME = 64;

/** Squared distances below this share of the squared lengths are lost in rounding, and count as this. */
const RESOLUTION = 1e-7;

/**
 * N points whose coordinates come a few at a time and are not kept: the logits of a prompt are as many as the vocabulary.
 * Kept is the N x N Gram matrix of the centered points, from which all distances follow. (Distances from whole vectors, as
 * in neighbors.ts, are exact; these agree with them to about 1e-6, which is enough for points as far apart as logits.)
 */
export class StreamedCloud {
  /** Products of the centered points [N, N], in float64. */
  private readonly gram: Float64Array;
  /** Two hashes of each point's coordinates, to find those that coincide in all of them. */
  private readonly hashes: [Int32Array, Int32Array];

  /** @param points N */
  constructor(private readonly points: number) {
    this.gram = new Float64Array(points * points);
    this.hashes = [new Int32Array(points), new Int32Array(points)];
  }

  /** Takes further coordinates of all points: [N, columns] in C order. */
  async addColumns(values: Float32Array, columns: number): Promise<void> {
    const { points, gram } = this;
    const mean = columnMeans(values, points, columns);
    this.hash(values, columns);
    for (let first = 0; first < columns; first += COLUMNS_AT_A_TIME) {
      const count = Math.min(COLUMNS_AT_A_TIME, columns - first);
      const centered = new Float32Array(points * count);
      const transposed = new Float32Array(points * count);
      for (let point = 0, i = 0; point < points; point++) {
        for (let column = 0; column < count; column++, i++) {
          const value = values[point * columns + first + column] - mean[first + column];
          centered[i] = value;
          transposed[column * points + point] = value;
        }
      }
      const product = tf.tidy(() =>
        tf.matMul(tf.tensor2d(centered, [points, count]), tf.tensor2d(transposed, [count, points])),
      );
      const sums = await product.data();
      product.dispose();
      for (let i = 0; i < gram.length; i++) gram[i] += sums[i];
    }
  }

  /**
   * Intrinsic dimension by GRIDE at all range scalings, of the points that do not coincide; none of fewer than three.
   *
   * @param name for the message
   * @throws UserError if a coordinate was NaN or infinite
   */
  intrinsicDimension(name: string): DimensionEstimate[] {
    for (let point = 0; point < this.points; point++) {
      if (!Number.isFinite(this.gram[point * (this.points + 1)])) {
        throw new UserError(`${name}: point ${point} holds NaN or infinity; all values must be finite numbers`);
      }
    }
    const distinct = this.distinctPoints();
    if (distinct.length < FEWEST_POINTS) return [];
    const scalings = rangeScalings(distinct.length);
    const ranks = [1, ...scalings];
    const distances = ranks.map(() => new Float64Array(distinct.length));
    const row = new Float64Array(distinct.length - 1);
    distinct.forEach((point, index) => {
      this.fillSquaredDistances(row, point, distinct);
      row.sort();
      ranks.forEach((rank, i) => {
        distances[i][index] = Math.sqrt(row[rank - 1]);
      });
    });
    return scalings.map((scaling, i) => gride(distances[i], distances[i + 1], scaling));
  }

  private fillSquaredDistances(row: Float64Array, point: number, others: readonly number[]): void {
    const { gram, points } = this;
    const square = gram[point * (points + 1)];
    let filled = 0;
    for (const other of others) {
      if (other === point) continue;
      const squares = square + gram[other * (points + 1)];
      row[filled++] = Math.max(squares - 2 * gram[point * points + other], RESOLUTION * squares);
    }
  }

  private distinctPoints(): number[] {
    const seen = new Set<string>();
    return Array.from({ length: this.points }, (_, point) => point).filter((point) => {
      const key = this.hashes.map((hash) => hash[point]).join();
      return !seen.has(key) && seen.add(key);
    });
  }

  /** FNV-1a on 32-bit words, from two starting values. */
  private hash(values: Float32Array, columns: number): void {
    const value = new Float32Array(1);
    const bits = new Int32Array(value.buffer);
    const [first, second] = this.hashes;
    for (let point = 0, i = 0; point < this.points; point++) {
      let a = first[point] ^ 0x811c9dc5;
      let b = second[point] ^ 0x5bd1e995;
      for (let column = 0; column < columns; column++, i++) {
        value[0] = values[i] + 0; // -0 is the same coordinate as 0.
        a = Math.imul(a ^ bits[0], 0x01000193);
        b = Math.imul(b ^ (bits[0] >>> 15) ^ bits[0], 0x27d4eb2f);
      }
      first[point] = a;
      second[point] = b;
    }
  }
}

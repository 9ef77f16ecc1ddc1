import * as tf from "@tensorflow/tfjs-core";
import type { PointCloud } from "./pointCloud";

/** How many standard deviations of accumulated rounding a bound on it allows for. */
const SAFETY = 8;

/** Half a unit in the last place of float32, relative. */
const FLOAT32_ROUNDING = 2 ** -24;

/** A Gram matrix of so many values (16 MiB) is held whole; of a larger one, as many rows as that at a time. */
const GRAM_VALUES = 2 ** 22;

/** Products of fewer multiplications than this are not worth cutting up. */
const SMALL_PRODUCT = 2 ** 26;

/** Rows of the tiles that a larger product is cut into; those below the diagonal are mirrored instead of computed. */
const TILE_ROWS = 256;

/** Squared lengths beyond these may overflow or vanish in float32. */
const COMFORTABLE = 1e20;

/**
 * The products of all pairs of points of a cloud, centered and scaled: c = (x - mean) * scale. A large common mean
 * (Pythia: cosine 0.95 between all tokens) would eat up the digits that near neighbors differ in.
 */
export interface GramMatrix {
  points: number;
  /** Mean of each column, in float64 [dimension]. */
  mean: Float64Array;
  scale: number;
  /** Squared length of each centered and scaled point, in float64 [points]. */
  squaredNorms: Float64Array;
  /** A product differs from the exact one by less than this times both lengths; see {@link roundingBound}. */
  relativeError: number;
  /** All products, float32 [points, points], if there are not too many. */
  whole?: Float32Array;
  /** Hands out the matrix in pieces of whole rows: `gram` is [rows, points], from row `start` on. */
  forRows(use: (gram: Float32Array, start: number, rows: number) => void): Promise<void>;
}

/** The Gram matrix of a cloud on the current backend: float32 products of coordinates that are centered in float64. */
export async function gramMatrix(cloud: PointCloud): Promise<GramMatrix> {
  const { points, dimension } = cloud;
  const { values, ...centered } = centerCloud(cloud);
  const { squaredNorms } = centered;
  if (points * points <= GRAM_VALUES) {
    const whole = await symmetricProduct(values, points, dimension);
    const relativeError = roundingBound(whole, squaredNorms, dimension);
    return { points, ...centered, relativeError, whole, forRows: async (use) => use(whole, 0, points) };
  }
  const relativeError = (SAFETY * Math.sqrt(dimension) + 4) * FLOAT32_ROUNDING;
  return { points, ...centered, relativeError, forRows: (use) => forStripes(values, points, dimension, use) };
}

/**
 * Bound on the error of the products, relative to both lengths. How a backend adds up, and with what precision, is its own
 * affair; but of the squares on the diagonal the true values are known, and there rounding is at its worst: by the
 * Cauchy-Schwarz inequality the partial sums of a product x.y, to which rounding errors are proportional, are at most the
 * geometric mean of those of x.x and y.y. So several times the largest error seen on the diagonal bounds all, but for
 * a part of the order of sqrt(D) roundings that chance might have hidden there (Higham and Mary 2019, "A new approach to
 * probabilistic rounding error analysis").
 */
function roundingBound(gram: Float32Array, squaredNorms: Float64Array, dimension: number): number {
  const points = squaredNorms.length;
  let seen = 0;
  for (let point = 0; point < points; point++) {
    const square = squaredNorms[point];
    if (square > 0) seen = Math.max(seen, Math.abs(gram[point * (points + 1)] - square) / square);
  }
  // A few points are too small a sample of what can happen.
  const deviations = points < 64 ? SAFETY : 1;
  return Math.max(SAFETY * seen, (deviations * Math.sqrt(dimension) + 4) * FLOAT32_ROUNDING);
}

interface CenteredCloud {
  values: Float32Array;
  mean: Float64Array;
  scale: number;
  squaredNorms: Float64Array;
}

function centerCloud(cloud: PointCloud): CenteredCloud {
  const mean = columnMeans(cloud.values, cloud.points, cloud.dimension);
  const centered = scaledDifferences(cloud, mean, 1);
  let [smallest, largest] = [Number.POSITIVE_INFINITY, 0];
  for (const square of centered.squaredNorms) {
    largest = Math.max(largest, square);
    if (square > 0) smallest = Math.min(smallest, square);
  }
  if (largest === 0 || (largest < COMFORTABLE && smallest > 1 / COMFORTABLE)) return centered;
  let furthest = 0;
  for (let i = 0, column = 0; i < cloud.values.length; i++) {
    furthest = Math.max(furthest, Math.abs(cloud.values[i] - mean[column]));
    if (++column === cloud.dimension) column = 0;
  }
  return scaledDifferences(cloud, mean, 1 / furthest);
}

function scaledDifferences({ values, points, dimension }: PointCloud, mean: Float64Array, scale: number) {
  const centered = new Float32Array(values.length);
  const squaredNorms = new Float64Array(points);
  for (let point = 0, i = 0; point < points; point++) {
    let [even, odd] = [0, 0]; // Two sums: one would wait for its own last addition.
    let column = 0;
    for (; column + 1 < dimension; column += 2, i += 2) {
      const first = (values[i] - mean[column]) * scale;
      const second = (values[i + 1] - mean[column + 1]) * scale;
      even += first * first;
      odd += second * second;
      centered[i] = first;
      centered[i + 1] = second;
    }
    if (column < dimension) {
      const last = (values[i] - mean[column]) * scale;
      even += last * last;
      centered[i++] = last;
    }
    squaredNorms[point] = even + odd;
  }
  return { values: centered, mean, scale, squaredNorms };
}

/** Mean of each column of a matrix [rows, columns], in float64. */
export function columnMeans(values: Float32Array | Float64Array, rows: number, columns: number): Float64Array {
  return weightedColumnSums(values, columns, new Float64Array(rows).fill(1)).map((sum) => sum / rows);
}

/** Sum of the rows of a matrix, each times its weight, in float64 [columns]. */
export function weightedColumnSums(
  values: Float32Array | Float64Array,
  columns: number,
  weights: Float64Array,
): Float64Array {
  const sums = new Float64Array(columns);
  let row = 0;
  // Four rows at a time, so that a sum is loaded and stored a quarter as often.
  for (; row + 3 < weights.length; row += 4) {
    const [a, b, c, d] = [weights[row], weights[row + 1], weights[row + 2], weights[row + 3]];
    const first = row * columns;
    const second = first + columns;
    const third = second + columns;
    const fourth = third + columns;
    for (let column = 0; column < columns; column++) {
      sums[column] +=
        a * values[first + column] +
        b * values[second + column] +
        (c * values[third + column] + d * values[fourth + column]);
    }
  }
  for (; row < weights.length; row++) {
    for (let column = 0; column < columns; column++) sums[column] += weights[row] * values[row * columns + column];
  }
  return sums;
}

/** All products of the rows of a matrix [points, dimension]: [points, points]. */
async function symmetricProduct(values: Float32Array, points: number, dimension: number): Promise<Float32Array> {
  if (points <= TILE_ROWS || points * points * dimension <= SMALL_PRODUCT) {
    const rows = new RowBlock(values, points, dimension);
    try {
      return await rows.times(rows);
    } finally {
      rows.dispose();
    }
  }
  const gram = new Float32Array(points * points);
  const starts = Array.from({ length: Math.ceil(points / TILE_ROWS) }, (_, tile) => tile * TILE_ROWS);
  const blocks = starts.map((start) => {
    const rows = Math.min(TILE_ROWS, points - start);
    return new RowBlock(values.subarray(start * dimension, (start + rows) * dimension), rows, dimension);
  });
  try {
    for (const [a, above] of blocks.entries()) {
      for (let b = a; b < blocks.length; b++) {
        const tile = await above.times(blocks[b]);
        placeTile(gram, points, tile, starts[a], starts[b], above.rows, blocks[b].rows);
      }
    }
  } finally {
    for (const block of blocks) block.dispose();
  }
  return gram;
}

/** Writes a tile into a symmetric matrix, and its mirror image. */
function placeTile(
  gram: Float32Array,
  points: number,
  tile: Float32Array,
  top: number,
  left: number,
  rows: number,
  columns: number,
): void {
  for (let row = 0; row < rows; row++) {
    gram.set(tile.subarray(row * columns, (row + 1) * columns), (top + row) * points + left);
  }
  if (top === left) return;
  const strip = 16; // Rows written side by side: each cache line of the tile is then read once.
  for (let first = 0; first < columns; first += strip) {
    const end = Math.min(columns, first + strip);
    for (let row = 0; row < rows; row++) {
      for (let column = first; column < end; column++) {
        gram[(left + column) * points + top + row] = tile[row * columns + column];
      }
    }
  }
}

/** Rows of a matrix on the backend, to be multiplied with others. */
class RowBlock {
  private readonly matrix: tf.Tensor2D;
  /** [dimension, rows]: with wasm only plain products are fast. */
  private flipped?: tf.Tensor2D;

  constructor(
    values: Float32Array,
    readonly rows: number,
    dimension: number,
  ) {
    this.matrix = tf.tensor2d(values, [rows, dimension]);
  }

  /** Products of these rows with others [rows, other.rows]. */
  async times(other: RowBlock): Promise<Float32Array> {
    const product = tf.tidy(() => {
      if (tf.getBackend() !== "wasm") return tf.matMul(this.matrix, other.matrix, false, true);
      other.flipped ??= tf.keep(tf.transpose(other.matrix));
      return tf.matMul(this.matrix, other.flipped);
    });
    try {
      return (await product.data()) as Float32Array;
    } finally {
      product.dispose();
    }
  }

  dispose(): void {
    this.matrix.dispose();
    this.flipped?.dispose();
  }
}

async function forStripes(
  values: Float32Array,
  points: number,
  dimension: number,
  use: (gram: Float32Array, start: number, rows: number) => void,
): Promise<void> {
  const all = new RowBlock(values, points, dimension);
  const rowsAtATime = Math.max(1, Math.floor(GRAM_VALUES / points));
  try {
    for (let start = 0; start < points; start += rowsAtATime) {
      const rows = Math.min(rowsAtATime, points - start);
      const stripe = new RowBlock(values.subarray(start * dimension, (start + rows) * dimension), rows, dimension);
      try {
        use(await stripe.times(all), start, rows);
      } finally {
        stripe.dispose();
      }
    }
  } finally {
    all.dispose();
  }
}

import * as tf from "@tensorflow/tfjs-core";
import { currentBackend } from "../machine/backend/backend";
import type { Cloud } from "../machine/support/cloud";
import { sumUp } from "./cloudSums";
import { inKernelMemory } from "./kernels";
import { takeMatrix } from "./spareMatrix";

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

/** Points so many times further from the center than half of them are do not say where the center is. */
const FAR_OUT = 4;

/** Squared lengths beyond these may overflow or vanish in float32. */
const COMFORTABLE = 1e20;

/**
 * The products of all pairs of points of a cloud, centered and scaled: c = (x - center) * scale. A large common mean
 * (Pythia: cosine 0.95 between all tokens) would eat up the digits that near neighbors differ in.
 */
export interface GramMatrix {
  points: number;
  /** Usually the mean of the points, in float64 [dimension]. */
  center: Float64Array;
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

/**
 * The Gram matrix of a cloud on the current backend: float32 products of coordinates that are centered in float64.
 *
 * @param mean of the points, if it is known
 */
export async function gramMatrix(cloud: Cloud, mean: Float64Array = meanPoint(cloud)): Promise<GramMatrix> {
  await currentBackend();
  const { points, dimension } = cloud;
  const { values, ...centered } = centerCloud(cloud, mean);
  const { squaredNorms } = centered;
  if (points * points <= GRAM_VALUES) {
    const whole = takeMatrix(points);
    await symmetricProduct([values], points, (tile) => placeTile(whole, points, tile));
    const relativeError = roundingBound(whole, squaredNorms, dimension);
    return { points, ...centered, relativeError, whole, forRows: async (use) => use(whole, 0, points) };
  }
  const relativeError = (SAFETY * Math.sqrt(dimension) + 4) * FLOAT32_ROUNDING;
  return { points, ...centered, relativeError, forRows: (use) => forStripes(values, points, use) };
}

/** The mean of a cloud's points, in float64 [dimension]. */
export function meanPoint(cloud: Cloud): Float64Array {
  return sumUp(cloud).sum.map((sum) => sum / cloud.points);
}

/** The same of some of the points; nothing if the matrix is not held whole. */
export function gramMatrixOf(kept: readonly number[], gram: GramMatrix): GramMatrix | undefined {
  const { whole, points } = gram;
  if (!whole) return undefined;
  const part = new Float32Array(kept.length ** 2);
  let i = 0;
  for (const row of kept) for (const column of kept) part[i++] = whole[row * points + column];
  return {
    ...gram,
    points: kept.length,
    squaredNorms: Float64Array.from(kept, (point) => gram.squaredNorms[point]),
    whole: part,
    forRows: async (use) => use(part, 0, kept.length),
  };
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
  /** Centered and scaled coordinates [points, dimension]. */
  values: Float32Array;
  center: Float64Array;
  scale: number;
  squaredNorms: Float64Array;
}

/** Around the mean; or, where the mean lies outside of where most points are, around the mean of most points. */
function centerCloud(cloud: Cloud, mean: Float64Array): CenteredCloud {
  let centered = scaledDifferences(cloud, mean, 1);
  for (let tries = 0; tries < 3; tries++) {
    const center = centerOfMost(cloud, centered);
    if (!center) break;
    centered = scaledDifferences(cloud, center, 1);
  }
  let [smallest, largest] = [Number.POSITIVE_INFINITY, 0];
  for (const square of centered.squaredNorms) {
    largest = Math.max(largest, square);
    if (square > 0) smallest = Math.min(smallest, square);
  }
  if (largest === 0 || (largest < COMFORTABLE && smallest > 1 / COMFORTABLE)) return centered;
  let furthest = 0;
  for (let i = 0, column = 0; i < cloud.values.length; i++) {
    furthest = Math.max(furthest, Math.abs(cloud.values[i] - centered.center[column]));
    if (++column === cloud.dimension) column = 0;
  }
  return scaledDifferences(cloud, centered.center, 1 / furthest);
}

/**
 * The mean of the points that are not far out, if those that are have drawn the center away from them: the others' lengths
 * are then mostly the way to the center, and errors in proportion to them hide how the others lie. The way is no longer than
 * the sum of the lengths of those far out, divided by the number of the others.
 */
function centerOfMost(cloud: Cloud, { squaredNorms }: CenteredCloud): Float64Array | undefined {
  const median = squaredNorms.toSorted()[squaredNorms.length >> 1];
  const limit = FAR_OUT ** 2 * median;
  let [pull, others] = [0, 0];
  for (const square of squaredNorms) {
    if (square > limit) pull += Math.sqrt(square);
    else others++;
  }
  if (median === 0 || (pull / others) ** 2 < median / 2) return undefined;
  const weights = squaredNorms.map((square) => (square > limit ? 0 : 1 / others));
  return sumUp(cloud, weights).sum;
}

function scaledDifferences(cloud: Cloud, center: Float64Array, scale: number): CenteredCloud {
  const { points, dimension } = cloud;
  const values = new Float32Array(points * dimension);
  const squaredNorms = new Float64Array(points);
  inKernelMemory(cloud, (memory, valuesAt, isDouble) => {
    const centerAt = memory.place(center);
    const rows = Math.min(points, TILE_ROWS);
    const centeredAt = memory.reserve(4 * rows * dimension);
    const normsAt = memory.reserve(8 * rows);
    const rowBytes = dimension * (isDouble ? 8 : 4);
    for (let start = 0; start < points; start += rows) {
      const count = Math.min(rows, points - start);
      const at = valuesAt + start * rowBytes;
      memory.call.center(at, isDouble, count, dimension, dimension, centerAt, scale, centeredAt, normsAt);
      values.set(memory.float32(centeredAt, count * dimension), start * dimension);
      squaredNorms.set(memory.float64(normsAt, count), start);
    }
  });
  return { values, center, scale, squaredNorms };
}

/** Products of some rows of a matrix with others, [rows, columns], in the symmetric matrix of all. */
export interface ProductTile {
  values: Float32Array;
  /** Where the tile stands: on the diagonal or above it. */
  top: number;
  left: number;
  rows: number;
  columns: number;
}

/**
 * All products of the rows of a matrix, but for what is the mirror image of something else.
 *
 * @param parts some columns of the matrix each, [points, columns]: their products are added up
 */
export async function symmetricProduct(
  parts: readonly Float32Array[],
  points: number,
  use: (tile: ProductTile) => void,
): Promise<void> {
  const values = parts.reduce((sum, { length }) => sum + length, 0);
  const tileRows = points <= TILE_ROWS || points * values <= SMALL_PRODUCT ? points : TILE_ROWS;
  const starts = Array.from({ length: Math.ceil(points / tileRows) }, (_, tile) => tile * tileRows);
  const blocks = starts.map((start) => new RowBlock(parts, points, start, Math.min(tileRows, points - start)));
  try {
    for (const [a, above] of blocks.entries()) {
      for (let b = a; b < blocks.length; b++) {
        const [rows, columns] = [above.rows, blocks[b].rows];
        use({ values: await above.times(blocks[b]), top: starts[a], left: starts[b], rows, columns });
      }
    }
  } finally {
    for (const block of blocks) block.dispose();
  }
}

/** Writes a tile into a symmetric matrix, and its mirror image. */
function placeTile(gram: Float32Array, points: number, { values, top, left, rows, columns }: ProductTile): void {
  for (let row = 0; row < rows; row++) {
    gram.set(values.subarray(row * columns, (row + 1) * columns), (top + row) * points + left);
  }
  if (top === left) return;
  const block = 32; // Square blocks, so that what is read and what is written both stay in the cache.
  for (let firstColumn = 0; firstColumn < columns; firstColumn += block) {
    const lastColumn = Math.min(columns, firstColumn + block);
    for (let firstRow = 0; firstRow < rows; firstRow += block) {
      const lastRow = Math.min(rows, firstRow + block);
      for (let column = firstColumn; column < lastColumn; column++) {
        const start = (left + column) * points + top;
        for (let row = firstRow; row < lastRow; row++) gram[start + row] = values[row * columns + column];
      }
    }
  }
}

/** Rows of a matrix on the backend, to be multiplied with others. */
class RowBlock {
  /** Some columns each. */
  private readonly parts: tf.Tensor2D[];

  /** @param parts some columns of the matrix each, [points, columns] */
  constructor(
    parts: readonly Float32Array[],
    points: number,
    start: number,
    readonly rows: number,
  ) {
    this.parts = parts.map((values) => {
      const columns = values.length / points;
      return tf.tensor2d(values.subarray(start * columns, (start + rows) * columns), [rows, columns]);
    });
  }

  /** Products of these rows with others [rows, other.rows]. */
  async times(other: RowBlock): Promise<Float32Array> {
    const product = tf.tidy(() => {
      const products = this.parts.map((part, i) => tf.matMul(part, other.parts[i], false, true));
      return products.length === 1 ? products[0] : tf.addN(products);
    });
    try {
      return (await product.data()) as Float32Array;
    } finally {
      product.dispose();
    }
  }

  dispose(): void {
    tf.dispose(this.parts);
  }
}

async function forStripes(
  values: Float32Array,
  points: number,
  use: (gram: Float32Array, start: number, rows: number) => void,
): Promise<void> {
  const all = new RowBlock([values], points, 0, points);
  const rowsAtATime = Math.max(1, Math.floor(GRAM_VALUES / points));
  try {
    for (let start = 0; start < points; start += rowsAtATime) {
      const rows = Math.min(rowsAtATime, points - start);
      const stripe = new RowBlock([values], points, start, rows);
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

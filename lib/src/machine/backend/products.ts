/** What multiplies float32 matrices: a library of the system, or WebAssembly. */
export interface Multiplier {
  /** Multiplies where the values lie, without a copy. The sizes are not checked: see {@link multiply}. */
  sgemm: Sgemm;
}

/** `cblas_sgemm`: result = alpha op(left) op(right) + beta result; each matrix with the length of its stored rows. */
export type Sgemm = (
  order: number,
  transposeLeft: number,
  transposeRight: number,
  rows: number,
  columns: number,
  inner: number,
  alpha: number,
  left: Float32Array,
  leftStride: number,
  right: Float32Array,
  rightStride: number,
  beta: number,
  result: Float32Array,
  resultStride: number,
) => void;

/** Constants of the C interface. */
export const [ROW_MAJOR, PLAIN, TRANSPOSED] = [101, 111, 112];

/** What is multiplied: `left` is [rows, inner] or transposed, `right` is [inner, columns] or transposed, both in C order. */
export interface ProductShape {
  rows: number;
  columns: number;
  inner: number;
  transposeLeft: boolean;
  transposeRight: boolean;
}

/**
 * Multiplies two matrices into `result` [rows, columns], whose old values are added to if `add` is set, else forgotten.
 * @throws RangeError if an array does not hold that many values: the product itself would read and write past its end
 */
export function multiply(
  { sgemm }: Multiplier,
  left: Float32Array,
  right: Float32Array,
  result: Float32Array,
  { rows, columns, inner, transposeLeft, transposeRight }: ProductShape,
  add = false,
): void {
  if (left.length < rows * inner || right.length < inner * columns || result.length < rows * columns) {
    throw new RangeError(`a product of [${rows}, ${inner}] and [${inner}, ${columns}] does not fit the arrays`);
  }
  if (rows === 0 || columns === 0) return;
  if (inner === 0) {
    if (!add) result.fill(0, 0, rows * columns);
    return;
  }
  sgemm(
    ROW_MAJOR,
    transposeLeft ? TRANSPOSED : PLAIN,
    transposeRight ? TRANSPOSED : PLAIN,
    rows,
    columns,
    inner,
    1,
    left,
    transposeLeft ? rows : inner,
    right,
    transposeRight ? inner : columns,
    add ? 1 : 0,
    result,
    columns,
  );
}

/** Sizes that are worked on in different ways: with and without tiles being filled, in one block of terms and in several. */
const PROOF_SIZES = [
  [2, 3, 4],
  [17, 33, 65],
  [96, 48, 160],
  [9, 12, 300],
] as const;

/** How many numbers a proof needs room for. */
export const PROOF_VALUES = 2 ** 15;

/**
 * Compares products of all kinds with the same in double precision.
 * @param room [PROOF_VALUES] where a multiplier needs its matrices in a place of its own
 * @throws if one differs by more than rounding
 */
export function prove(multiplier: Multiplier, room: Float32Array = new Float32Array(PROOF_VALUES)): void {
  for (const [rows, columns, inner] of PROOF_SIZES) {
    for (const kind of [0, 1, 2, 3, 4, 5, 6, 7]) {
      const shape = { rows, columns, inner, transposeLeft: (kind & 1) > 0, transposeRight: (kind & 2) > 0 };
      const add = (kind & 4) > 0;
      let taken = 0;
      const take = (length: number) => {
        taken += length;
        return room.subarray(taken - length, taken);
      };
      const left = withProofValues(take(rows * inner), 1);
      const right = withProofValues(take(inner * columns), 2);
      // Past the end stands what must stay; before it what must be overwritten, whatever it is, or added to.
      const result = take(rows * columns + 8).fill(add ? 0.5 : Number.NaN);
      result.fill(7, rows * columns);
      multiply(multiplier, left, right, result, shape, add);
      const wrong = firstDifference(left, right, result, shape, add ? 0.5 : 0);
      if (wrong) throw new Error(`its product of [${rows}, ${inner}] and [${inner}, ${columns}] is wrong: ${wrong}`);
    }
  }
}

function withProofValues(array: Float32Array, seed: number): Float32Array {
  for (let i = 0; i < array.length; i++) array[i] = Math.sin(12.9898 * (i + 1) * seed);
  return array;
}

function firstDifference(
  left: Float32Array,
  right: Float32Array,
  result: Float32Array,
  { rows, columns, inner, transposeLeft, transposeRight }: ProductShape,
  before: number,
): string | undefined {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = before;
      for (let i = 0; i < inner; i++) {
        const a = left[transposeLeft ? i * rows + row : row * inner + i];
        sum += a * right[transposeRight ? column * inner + i : i * columns + column];
      }
      const value = result[row * columns + column];
      if (!(Math.abs(value - sum) <= 1e-6 * (inner + 1))) return `${value} instead of ${sum.toPrecision(7)}`;
    }
  }
  const after = result.subarray(rows * columns).find((value) => value !== 7);
  return after === undefined ? undefined : "it writes past the result's end";
}

import { inKernelMemory } from "./kernels";

/** Steps of the QL iteration for one eigenvalue; three are usual. */
const MOST_STEPS = 60;

/**
 * The eigenvalues of a symmetric matrix, the largest first, without its eigenvectors: a third of the work of ml-matrix's
 * `EigenvalueDecomposition`, which a notebook can show for one layer and thirty layers of a study cannot wait for. Householder's
 * reduction to three diagonals, then the QL algorithm with implicit shifts.
 *
 * @param matrix [size, size] in C order, of which the lower triangle is read
 * @see Golub and Van Loan, Matrix Computations, sections 8.3.1 and 8.3.3
 * @example
 * symmetricEigenvalues(Float64Array.of(2, 1, 1, 2), 2); // [3, 1]
 */
export function symmetricEigenvalues(matrix: Float64Array, size: number): Float64Array {
  const { diagonal, beside } = tridiagonal(matrix, size);
  iterate(diagonal, beside);
  return diagonal.sort().reverse();
}

/** Reduces a matrix to the diagonal and what lies beside it, by mirrors that each clear a row to the left of that. */
function tridiagonal(
  values: Float64Array,
  size: number,
): { diagonal: Float64Array<ArrayBuffer>; beside: Float64Array } {
  return inKernelMemory({ values, points: size, dimension: size }, (memory, matrixAt) => {
    const [mirrorAt, productAt] = [memory.reserve(8 * size), memory.reserve(8 * size)];
    const matrix = memory.float64(matrixAt, size * size);
    const [wholeMirror, product] = [memory.float64(mirrorAt, size), memory.float64(productAt, size)];
    const diagonal = new Float64Array(size);
    const beside = new Float64Array(size);
    for (let last = size - 1; last > 0; last--) {
      const mirror = wholeMirror.subarray(0, last);
      mirror.set(matrix.subarray(last * size, last * size + last));
      diagonal[last] = matrix[last * size + last];
      const largest = mirror.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      let square = 0; // of the row's length, in units of its largest entry
      for (let i = 0; i < last; i++) square += (largest > 0 ? mirror[i] / largest : 0) ** 2;
      const end = mirror[last - 1];
      const length = -Math.sign(end || 1) * largest * Math.sqrt(square);
      beside[last] = length;
      // Nothing to clear, or only what lies beside the diagonal.
      if (largest === 0 || mirror.subarray(0, last - 1).every((value) => value === 0)) {
        beside[last] = end;
        continue;
      }
      mirror[last - 1] -= length;
      const half = -length * mirror[last - 1]; // half the mirror's squared length
      memory.call.symmetricProduct(matrixAt, size, last, mirrorAt, productAt);
      let overlap = 0;
      for (let i = 0; i < last; i++) {
        product[i] /= half;
        overlap += product[i] * mirror[i];
      }
      const share = overlap / (2 * half);
      for (let i = 0; i < last; i++) product[i] -= share * mirror[i];
      memory.call.subtractPair(matrixAt, size, last, mirrorAt, productAt);
    }
    diagonal[0] = matrix[0];
    return { diagonal, beside };
  });
}

/** Turns the diagonal into the eigenvalues, in no order. @param beside from index 1 on; is overwritten */
function iterate(diagonal: Float64Array, beside: Float64Array): void {
  const size = diagonal.length;
  const next = beside.subarray(1); // next[i] lies between i and i + 1
  const isSmall = (i: number) =>
    Math.abs(next[i]) <= Number.EPSILON * (Math.abs(diagonal[i]) + Math.abs(diagonal[i + 1]));
  for (let first = 0; first < size - 1; first++) {
    for (let step = 0; ; step++) {
      let last = first;
      while (last < size - 1 && !isSmall(last)) last++;
      if (last === first) break;
      if (step === MOST_STEPS) throw new Error("the eigenvalues of a matrix do not settle");
      shiftedStep(diagonal, next, first, last);
    }
  }
}

/** One step on a stretch of the diagonal, which makes the entry beside its first element smaller. */
function shiftedStep(diagonal: Float64Array, next: Float64Array, first: number, last: number): void {
  const slope = (diagonal[first + 1] - diagonal[first]) / (2 * next[first]);
  const shift = diagonal[first] - next[first] / (slope + Math.sign(slope || 1) * Math.hypot(slope, 1));
  let [cosine, sine, moved] = [1, 1, 0];
  let rest = diagonal[last] - shift;
  for (let i = last - 1; i >= first; i--) {
    const [f, b] = [sine * next[i], cosine * next[i]];
    const radius = lengthOf(f, rest);
    if (i + 1 < last) next[i + 1] = radius;
    if (radius === 0) {
      diagonal[i + 1] -= moved;
      return;
    }
    [sine, cosine] = [f / radius, rest / radius];
    const lifted = diagonal[i + 1] - moved;
    const turned = (diagonal[i] - lifted) * sine + 2 * cosine * b;
    moved = sine * turned;
    diagonal[i + 1] = lifted + moved;
    rest = cosine * turned - b;
  }
  diagonal[first] -= moved;
  next[first] = rest;
}

/** As Math.hypot, which is slow: only where squares would leave the range of numbers is it asked. */
function lengthOf(a: number, b: number): number {
  const square = a * a + b * b;
  return square > 1e-250 && square < 1e250 ? Math.sqrt(square) : Math.hypot(a, b);
}

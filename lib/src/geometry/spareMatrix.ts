/**
 * One matrix that is not needed any more, kept for the next one of its size. A layer's Gram matrix has 4 MB at 1024 tokens, and
 * V8 goes through everything that is alive each time that some 64 MB were thrown away: on one core up to a sixth of the time.
 */
let spare: Float32Array | undefined;

/** A square matrix to be filled, [size, size]; what is in it is left over from another. */
export function takeMatrix(size: number): Float32Array {
  const taken = spare?.length === size ** 2 ? spare : new Float32Array(size ** 2);
  spare = undefined;
  return taken;
}

/** Gives a matrix back, which nobody may use from now on. */
export function giveBackMatrix(matrix: Float32Array): void {
  spare = matrix;
}

/** Steps of Householder's reduction of symmetric matrices: float64 [size, any] in C order, of which the lower triangle counts. */

/** The product of the first `length` rows and columns of a matrix, whose rows are `stride` values apart, and a vector: into `result`. */
export function symmetricProduct(matrix: usize, stride: i32, length: i32, vector: usize, result: usize): void {
  memory.fill(result, 0, (<usize>length) << 3);
  for (let row = 0; row < length; row++) {
    const line = matrix + ((<usize>row * <usize>stride) << 3);
    const own = load<f64>(vector + ((<usize>row) << 3));
    const owns = f64x2.splat(own);
    const even = (<usize>(row & ~1)) << 3;
    let sums = f64x2.splat(0);
    let at: usize = 0;
    for (; at < even; at += 16) {
      const values = v128.load(line + at);
      sums = f64x2.add(sums, f64x2.mul(values, v128.load(vector + at)));
      v128.store(result + at, f64x2.add(v128.load(result + at), f64x2.mul(values, owns)));
    }
    let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
    if (row & 1) {
      const value = load<f64>(line + at);
      sum += value * load<f64>(vector + at);
      store<f64>(result + at, load<f64>(result + at) + value * own);
      at += 8;
    }
    store<f64>(result + at, load<f64>(result + at) + sum + load<f64>(line + at) * own);
  }
}

/** Takes a b^T + b a^T off the first `length` rows and columns of a matrix, whose rows are `stride` values apart. */
export function subtractPair(matrix: usize, stride: i32, length: i32, a: usize, b: usize): void {
  for (let row = 0; row < length; row++) {
    const line = matrix + ((<usize>row * <usize>stride) << 3);
    const ofA = load<f64>(a + ((<usize>row) << 3));
    const ofB = load<f64>(b + ((<usize>row) << 3));
    const ofAs = f64x2.splat(ofA);
    const ofBs = f64x2.splat(ofB);
    const even = (<usize>((row + 1) & ~1)) << 3;
    let at: usize = 0;
    for (; at < even; at += 16) {
      const change = f64x2.add(f64x2.mul(ofAs, v128.load(b + at)), f64x2.mul(ofBs, v128.load(a + at)));
      v128.store(line + at, f64x2.sub(v128.load(line + at), change));
    }
    if (row & 1) continue;
    store<f64>(line + at, load<f64>(line + at) - (ofA * load<f64>(b + at) + ofB * load<f64>(a + at)));
  }
}

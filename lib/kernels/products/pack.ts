/**
 * Vectors of a matrix, `width` of them (4 or 8) at a time, in the order in which tiles are multiplied: of each group the first
 * values of all its vectors, then the second ones, and so on; a last group that is not full has zeros.
 */

/** Where the values at one place of all vectors follow each other, and `stride` is from one place to the next. */
export function packAcross(from: usize, stride: usize, count: i32, inner: i32, width: i32, to: usize): void {
  const size = (<usize>width) << 2;
  for (let first = 0; first < count; first += width) {
    let at = from + ((<usize>first) << 2);
    const own = min(width, count - first);
    if (own < width) {
      packPart(at, 4, stride, own, inner, width, to);
    } else if (width === 8) {
      for (let place = 0; place < inner; place++, at += stride, to += 32) {
        v128.store(to, v128.load(at));
        v128.store(to, v128.load(at, 16), 16);
      }
      continue;
    } else {
      for (let place = 0; place < inner; place++, at += stride, to += 16) v128.store(to, v128.load(at));
      continue;
    }
    to += size * <usize>inner;
  }
}

/** Where the values of a vector follow each other, and `stride` is from one vector to the next. */
export function packAlong(from: usize, stride: usize, count: i32, inner: i32, width: i32, to: usize): void {
  const size = (<usize>width) << 2;
  for (let first = 0; first < count; first += width) {
    const at = from + <usize>first * stride;
    const own = min(width, count - first);
    if (own < width) {
      packPart(at, stride, 4, own, inner, width, to);
    } else {
      for (let quarter = 0; quarter < width; quarter += 4) {
        transposeFour(at + <usize>quarter * stride, stride, inner, to + ((<usize>quarter) << 2), size);
      }
    }
    to += size * <usize>inner;
  }
}

/** Four vectors, each value of them `size` bytes after the last one. */
function transposeFour(from: usize, stride: usize, inner: i32, to: usize, size: usize): void {
  let one = from;
  let two = one + stride;
  let three = two + stride;
  let four = three + stride;
  let place = 0;
  for (; place + 3 < inner; place += 4) {
    const a = v128.load(one);
    const b = v128.load(two);
    const c = v128.load(three);
    const d = v128.load(four);
    const abLow = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cdLow = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f64>(abLow, cdLow, 0, 2));
    to += size;
    v128.store(to, v128.shuffle<f64>(abLow, cdLow, 1, 3));
    to += size;
    v128.store(to, v128.shuffle<f64>(abHigh, cdHigh, 0, 2));
    to += size;
    v128.store(to, v128.shuffle<f64>(abHigh, cdHigh, 1, 3));
    to += size;
    one += 16;
    two += 16;
    three += 16;
    four += 16;
  }
  for (; place < inner; place++) {
    f32.store(to, f32.load(one));
    f32.store(to, f32.load(two), 4);
    f32.store(to, f32.load(three), 8);
    f32.store(to, f32.load(four), 12);
    to += size;
    one += 4;
    two += 4;
    three += 4;
    four += 4;
  }
}

/** A group of fewer vectors. */
function packPart(from: usize, stride: usize, step: usize, own: i32, inner: i32, width: i32, to: usize): void {
  for (let place = 0; place < inner; place++) {
    for (let vector = 0; vector < width; vector++, to += 4) {
      f32.store(to, vector < own ? f32.load(from + <usize>vector * stride + <usize>place * step) : 0);
    }
  }
}

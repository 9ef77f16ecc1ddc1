/**
 * Packs vectors of a matrix, `width` of them (4 or 8) at a time, in the order in which tiles are multiplied: of each group the
 * first values of all its vectors, then the second ones, and so on; a last group that is not full has zeros.
 *
 * @param stride from one place to the next if the values at one place of all vectors follow each other (`isAcross`), else from
 * one vector to the next
 */
export function pack(from: usize, stride: usize, isAcross: bool, count: i32, inner: i32, width: i32, to: usize): void {
  const size = (<usize>width) << 2;
  const toNext: usize = isAcross ? 4 : stride;
  for (let first = 0; first < count; first += width) {
    const own = min(width, count - first);
    if (own < width) packPart(from, toNext, isAcross ? stride : 4, own, inner, width, to);
    else {
      for (let quarter = 0; quarter < width; quarter += 4) {
        const four = from + <usize>quarter * toNext;
        const place = to + ((<usize>quarter) << 2);
        if (isAcross) copyFour(four, stride, inner, place, size);
        else transposeFour(four, stride, inner, place, size);
      }
    }
    from += <usize>width * toNext;
    to += size * <usize>inner;
  }
}

/** Four vectors whose values at one place follow each other, each place `size` bytes after the last one. */
function copyFour(from: usize, stride: usize, inner: i32, to: usize, size: usize): void {
  for (let place = 0; place < inner; place++, from += stride, to += size) v128.store(to, v128.load(from));
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

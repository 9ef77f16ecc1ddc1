/** Sums over the coordinates of points. T is float32 or float64; all sums are in float64. */

/** Two coordinates that follow each other. */
function pair<T>(at: usize): v128 {
  return sizeof<T>() === 4 ? f64x2.promote_low_f32x4(v128.load64_zero(at)) : v128.load(at);
}

function total(sums: v128): f64 {
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}

function squareOnto(sum: v128, value: v128): v128 {
  return f64x2.add(sum, f64x2.mul(value, value));
}

/** Squared distance of two points. In four pairs of sums: one alone would wait for its own last addition. */
export function squaredDistance<T>(one: usize, other: usize, dimension: i32): f64 {
  const two = 2 * sizeof<T>();
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  let c = f64x2.splat(0);
  let d = f64x2.splat(0);
  let column = 0;
  for (; column + 7 < dimension; column += 8) {
    a = squareOnto(a, f64x2.sub(pair<T>(one), pair<T>(other)));
    b = squareOnto(b, f64x2.sub(pair<T>(one + two), pair<T>(other + two)));
    c = squareOnto(c, f64x2.sub(pair<T>(one + 2 * two), pair<T>(other + 2 * two)));
    d = squareOnto(d, f64x2.sub(pair<T>(one + 3 * two), pair<T>(other + 3 * two)));
    one += 4 * two;
    other += 4 * two;
  }
  let sum = total(f64x2.add(f64x2.add(a, b), f64x2.add(c, d)));
  for (; column < dimension; column++) {
    const difference = <f64>load<T>(one) - <f64>load<T>(other);
    sum += difference * difference;
    one += sizeof<T>();
    other += sizeof<T>();
  }
  return sum;
}

/**
 * Squared length of each point into `lengths` [points], the same for equal points; and of each column the sum of its values,
 * each times the weight of its point, added onto `sums` [dimension].
 */
export function sumUp<T>(
  values: usize,
  points: i32,
  dimension: i32,
  weights: usize,
  lengths: usize,
  sums: usize,
): void {
  const row = <usize>dimension * sizeof<T>();
  let point = 0;
  // Four points at a time, so that a sum is loaded and stored a quarter as often.
  for (; point + 3 < points; point += 4) {
    sumUpFour<T>(values, row, dimension, weights, lengths, sums);
    values += 4 * row;
    weights += 32;
    lengths += 32;
  }
  // The rest, each length added up in the order of the others': equal points have equal lengths wherever they stand.
  for (; point < points; point++) {
    const weight = load<f64>(weights);
    let even: f64 = 0;
    let odd: f64 = 0;
    let last: f64 = 0;
    for (let column = 0; column < dimension; column++) {
      const value = <f64>load<T>(values + <usize>column * sizeof<T>());
      const square = value * value;
      if (column & 1) odd += square;
      else if (column + 1 < dimension) even += square;
      else last = square;
      const sum = sums + <usize>column * 8;
      store<f64>(sum, load<f64>(sum) + weight * value);
    }
    store<f64>(lengths, even + odd + last);
    values += row;
    weights += 8;
    lengths += 8;
  }
}

function sumUpFour<T>(first: usize, row: usize, dimension: i32, weights: usize, lengths: usize, sums: usize): void {
  const two = 2 * sizeof<T>();
  const second = first + row;
  const third = second + row;
  const fourth = third + row;
  const weightA = v128.load64_splat(weights);
  const weightB = v128.load64_splat(weights, 8);
  const weightC = v128.load64_splat(weights, 16);
  const weightD = v128.load64_splat(weights, 24);
  let lengthA = f64x2.splat(0);
  let lengthB = f64x2.splat(0);
  let lengthC = f64x2.splat(0);
  let lengthD = f64x2.splat(0);
  let at: usize = 0;
  let column = 0;
  for (; column + 1 < dimension; column += 2) {
    const a = pair<T>(first + at);
    const b = pair<T>(second + at);
    const c = pair<T>(third + at);
    const d = pair<T>(fourth + at);
    lengthA = squareOnto(lengthA, a);
    lengthB = squareOnto(lengthB, b);
    lengthC = squareOnto(lengthC, c);
    lengthD = squareOnto(lengthD, d);
    const ab = f64x2.add(f64x2.mul(weightA, a), f64x2.mul(weightB, b));
    const cd = f64x2.add(f64x2.mul(weightC, c), f64x2.mul(weightD, d));
    v128.store(sums, f64x2.add(v128.load(sums), f64x2.add(ab, cd)));
    sums += 16;
    at += two;
  }
  let a: f64 = 0;
  let b: f64 = 0;
  let c: f64 = 0;
  let d: f64 = 0;
  if (column < dimension) {
    a = <f64>load<T>(first + at);
    b = <f64>load<T>(second + at);
    c = <f64>load<T>(third + at);
    d = <f64>load<T>(fourth + at);
    const ab = f64x2.extract_lane(weightA, 0) * a + f64x2.extract_lane(weightB, 0) * b;
    const cd = f64x2.extract_lane(weightC, 0) * c + f64x2.extract_lane(weightD, 0) * d;
    store<f64>(sums, load<f64>(sums) + (ab + cd));
  }
  store<f64>(lengths, total(lengthA) + a * a);
  store<f64>(lengths, total(lengthB) + b * b, 8);
  store<f64>(lengths, total(lengthC) + c * c, 16);
  store<f64>(lengths, total(lengthD) + d * d, 24);
}

/**
 * Points seen from a center and scaled, (x - origin) * scale, as float32 into `centered` [points, dimension]; the squared
 * length of each in float64 into `lengths` [points].
 *
 * @param stride from one point's values to the next one's: more than the dimension, if these are some columns of a matrix
 */
export function center<T>(
  values: usize,
  points: i32,
  dimension: i32,
  stride: i32,
  origin: usize,
  scale: f64,
  centered: usize,
  lengths: usize,
): void {
  const two = 2 * sizeof<T>();
  const factor = f64x2.splat(scale);
  const skipped = <usize>(stride - dimension) * sizeof<T>();
  for (let point = 0; point < points; point++) {
    let a = f64x2.splat(0);
    let b = f64x2.splat(0);
    let at = origin;
    let column = 0;
    for (; column + 3 < dimension; column += 4) {
      const first = f64x2.mul(f64x2.sub(pair<T>(values), v128.load(at)), factor);
      const second = f64x2.mul(f64x2.sub(pair<T>(values + two), v128.load(at, 16)), factor);
      a = squareOnto(a, first);
      b = squareOnto(b, second);
      const low = f32x4.demote_f64x2_zero(first);
      const high = f32x4.demote_f64x2_zero(second);
      v128.store(centered, v128.shuffle<f32>(low, high, 0, 1, 4, 5));
      values += 2 * two;
      at += 32;
      centered += 16;
    }
    let sum = total(f64x2.add(a, b));
    for (; column < dimension; column++) {
      const value = (<f64>load<T>(values) - load<f64>(at)) * scale;
      sum += value * value;
      store<f32>(centered, <f32>value);
      values += sizeof<T>();
      at += 8;
      centered += 4;
    }
    store<f64>(lengths, sum);
    lengths += 8;
    values += skipped;
  }
}

/** Cosine of the angle at which a point sees two others. */
export function cosineAt<T>(point: usize, one: usize, other: usize, dimension: i32): f64 {
  const two = 2 * sizeof<T>();
  let products = f64x2.splat(0);
  let ones = f64x2.splat(0);
  let others = f64x2.splat(0);
  let column = 0;
  for (; column + 1 < dimension; column += 2) {
    const here = pair<T>(point);
    const toOne = f64x2.sub(here, pair<T>(one));
    const toOther = f64x2.sub(here, pair<T>(other));
    products = f64x2.add(products, f64x2.mul(toOne, toOther));
    ones = squareOnto(ones, toOne);
    others = squareOnto(others, toOther);
    point += two;
    one += two;
    other += two;
  }
  let product = total(products);
  let squareOne = total(ones);
  let squareOther = total(others);
  if (column < dimension) {
    const toOne = <f64>load<T>(point) - <f64>load<T>(one);
    const toOther = <f64>load<T>(point) - <f64>load<T>(other);
    product += toOne * toOther;
    squareOne += toOne * toOne;
    squareOther += toOther * toOther;
  }
  return product / Math.sqrt(squareOne) / Math.sqrt(squareOther);
}

/**
 * Dot products of all pairs of float64 rows [count, length] into the lower triangle of `products` [count, count]. Two rows by
 * four at a time, so that a value that is loaded counts in several products.
 */
export function dotProducts(rows: usize, count: i32, length: i32, products: usize): void {
  const row = (<usize>length) << 3;
  let column = 0;
  for (; column + 3 < count; column += 4) {
    const other = rows + <usize>column * row;
    for (let line = column; line < count; line += 2) {
      // A last line alone is taken twice.
      const next = line + 1 < count ? row : 0;
      dotsOfTile(rows + <usize>line * row, next, other, row, length, products, count, line, column);
    }
  }
  for (; column < count; column++) {
    for (let line = column; line < count; line++) {
      store<f64>(
        placeOf(products, count, line, column),
        dot(rows + <usize>line * row, rows + <usize>column * row, length),
      );
    }
  }
}

function placeOf(products: usize, count: i32, line: i32, column: i32): usize {
  return products + ((<usize>line * <usize>count + <usize>column) << 3);
}

/** Products of two lines, `next` bytes apart, with four columns, `row` bytes apart; those above the diagonal are dropped. */
function dotsOfTile(
  one: usize,
  next: usize,
  other: usize,
  row: usize,
  length: i32,
  products: usize,
  count: i32,
  line: i32,
  column: i32,
): void {
  let a0 = f64x2.splat(0);
  let a1 = f64x2.splat(0);
  let a2 = f64x2.splat(0);
  let a3 = f64x2.splat(0);
  let b0 = f64x2.splat(0);
  let b1 = f64x2.splat(0);
  let b2 = f64x2.splat(0);
  let b3 = f64x2.splat(0);
  const two = one + next;
  const other1 = other + row;
  const other2 = other1 + row;
  const other3 = other2 + row;
  let at: usize = 0;
  const end = (<usize>(length & ~1)) << 3;
  for (; at < end; at += 16) {
    const a = v128.load(one + at);
    const b = v128.load(two + at);
    const c0 = v128.load(other + at);
    a0 = f64x2.add(a0, f64x2.mul(a, c0));
    b0 = f64x2.add(b0, f64x2.mul(b, c0));
    const c1 = v128.load(other1 + at);
    a1 = f64x2.add(a1, f64x2.mul(a, c1));
    b1 = f64x2.add(b1, f64x2.mul(b, c1));
    const c2 = v128.load(other2 + at);
    a2 = f64x2.add(a2, f64x2.mul(a, c2));
    b2 = f64x2.add(b2, f64x2.mul(b, c2));
    const c3 = v128.load(other3 + at);
    a3 = f64x2.add(a3, f64x2.mul(a, c3));
    b3 = f64x2.add(b3, f64x2.mul(b, c3));
  }
  // The last value of rows of odd length.
  const isOdd = (length & 1) !== 0;
  const a = isOdd ? load<f64>(one + at) : 0;
  const b = isOdd ? load<f64>(two + at) : 0;
  storeDot(products, count, line, column, total(a0) + (isOdd ? a * load<f64>(other + at) : 0));
  storeDot(products, count, line, column + 1, total(a1) + (isOdd ? a * load<f64>(other1 + at) : 0));
  storeDot(products, count, line, column + 2, total(a2) + (isOdd ? a * load<f64>(other2 + at) : 0));
  storeDot(products, count, line, column + 3, total(a3) + (isOdd ? a * load<f64>(other3 + at) : 0));
  if (next === 0) return;
  storeDot(products, count, line + 1, column, total(b0) + (isOdd ? b * load<f64>(other + at) : 0));
  storeDot(products, count, line + 1, column + 1, total(b1) + (isOdd ? b * load<f64>(other1 + at) : 0));
  storeDot(products, count, line + 1, column + 2, total(b2) + (isOdd ? b * load<f64>(other2 + at) : 0));
  storeDot(products, count, line + 1, column + 3, total(b3) + (isOdd ? b * load<f64>(other3 + at) : 0));
}

function storeDot(products: usize, count: i32, line: i32, column: i32, product: f64): void {
  if (line >= column) store<f64>(placeOf(products, count, line, column), product);
}

function dot(one: usize, other: usize, length: i32): f64 {
  let sums = f64x2.splat(0);
  let at: usize = 0;
  const end = (<usize>(length & ~1)) << 3;
  for (; at < end; at += 16) sums = f64x2.add(sums, f64x2.mul(v128.load(one + at), v128.load(other + at)));
  return total(sums) + (length & 1 ? load<f64>(one + at) * load<f64>(other + at) : 0);
}

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

/** Rows and columns of the result whose sums stay in registers: eight vectors of four. More, and V8 moves them in and out. */
export const TILE_ROWS = 4;
export const TILE_COLUMNS = 8;

/** a b + c, rounded once where that is one operation. */
function fused(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/** Stores four sums, or adds them to what is there. */
function put(at: usize, sums: v128, add: bool): void {
  v128.store(at, add ? f32x4.add(v128.load(at), sums) : sums);
}

/** The product of four packed rows and eight packed columns, added to the result or in its place. */
export function addTile(inner: i32, left: usize, right: usize, result: usize, stride: usize, add: bool): void {
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  let b0 = f32x4.splat(0);
  let b1 = f32x4.splat(0);
  let c0 = f32x4.splat(0);
  let c1 = f32x4.splat(0);
  let d0 = f32x4.splat(0);
  let d1 = f32x4.splat(0);
  for (let place = 0; place < inner; place++) {
    const right0 = v128.load(right);
    const right1 = v128.load(right, 16);
    const a = v128.load32_splat(left);
    a0 = fused(a, right0, a0);
    a1 = fused(a, right1, a1);
    const b = v128.load32_splat(left, 4);
    b0 = fused(b, right0, b0);
    b1 = fused(b, right1, b1);
    const c = v128.load32_splat(left, 8);
    c0 = fused(c, right0, c0);
    c1 = fused(c, right1, c1);
    const d = v128.load32_splat(left, 12);
    d0 = fused(d, right0, d0);
    d1 = fused(d, right1, d1);
    left += 16;
    right += 32;
  }
  put(result, a0, add);
  put(result + 16, a1, add);
  result += stride;
  put(result, b0, add);
  put(result + 16, b1, add);
  result += stride;
  put(result, c0, add);
  put(result + 16, c1, add);
  result += stride;
  put(result, d0, add);
  put(result + 16, d1, add);
}

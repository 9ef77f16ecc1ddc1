/** Hashes of points whose coordinates come a few at a time. */

const PRIME_A: i32 = 0x01000193;
const PRIME_B: i32 = 0x27d4eb2f;

/**
 * Takes further coordinates into two hashes of each point: FNV-1a on 32-bit words, in four lanes that are then taken in turn.
 * -0 is the same coordinate as 0.
 *
 * @param values float32 [points, columns]
 * @param hashes int32 [points, 2]
 */
export function hashOnto(values: usize, points: i32, columns: i32, hashes: usize): void {
  const zero = f32x4.splat(0);
  const primeA = i32x4.splat(PRIME_A);
  const primeB = i32x4.splat(PRIME_B);
  for (let point = 0; point < points; point++) {
    let a = load<i32>(hashes) ^ 0x811c9dc5;
    let b = load<i32>(hashes, 4) ^ 0x5bd1e995;
    let lanesA = i32x4.splat(a);
    let lanesB = i32x4.splat(b);
    let column = 0;
    for (; column + 3 < columns; column += 4) {
      const bits = f32x4.add(v128.load(values), zero);
      lanesA = i32x4.mul(v128.xor(lanesA, bits), primeA);
      lanesB = i32x4.mul(v128.xor(lanesB, v128.xor(i32x4.shr_u(bits, 15), bits)), primeB);
      values += 16;
    }
    for (let lane = 0; lane < 4; lane++) {
      a = (a ^ laneOf(lanesA, lane)) * PRIME_A;
      b = (b ^ laneOf(lanesB, lane)) * PRIME_B;
    }
    for (; column < columns; column++) {
      const bits = reinterpret<i32>(load<f32>(values) + 0);
      a = (a ^ bits) * PRIME_A;
      b = (b ^ (bits >>> 15) ^ bits) * PRIME_B;
      values += 4;
    }
    store<i32>(hashes, a);
    store<i32>(hashes, b, 4);
    hashes += 8;
  }
}

function laneOf(lanes: v128, lane: i32): i32 {
  if (lane === 0) return i32x4.extract_lane(lanes, 0);
  if (lane === 1) return i32x4.extract_lane(lanes, 1);
  return lane === 2 ? i32x4.extract_lane(lanes, 2) : i32x4.extract_lane(lanes, 3);
}

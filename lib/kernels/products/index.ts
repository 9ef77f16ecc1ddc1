/**
 * Products of float32 matrices, in the memory of the tfjs backend for WebAssembly. Compiled twice: with the fused
 * multiply-add of relaxed SIMD, and without. Arguments of type usize are places in memory; strides are in bytes.
 * Called by lib/src/machine/backend/wasmProducts.ts.
 *
 * @see Goto and van de Geijn 2008 (ACM TOMS 34, 12): operands are packed block by block into the order of the innermost loop
 */
import { pack } from "./pack";
import { addTile, TILE_COLUMNS, TILE_ROWS } from "./tile";

/** A block of the left matrix and ... */
const BLOCK_ROWS = 32;
/** ... a strip of the right one, as long as that is wide, stay in the first cache, ... */
const BLOCK_INNER = 256;
/** ... a block of the right one in the second or third. */
const BLOCK_COLUMNS = 1024;

const LEFT_BYTES: usize = 4 * BLOCK_ROWS * BLOCK_INNER;
const RIGHT_BYTES: usize = 4 * BLOCK_INNER * BLOCK_COLUMNS;
const TILE_BYTES: usize = 4 * TILE_ROWS * TILE_COLUMNS;

/** Bytes of memory that {@link multiply} works in. */
export function workspaceBytes(): usize {
  return LEFT_BYTES + RIGHT_BYTES + TILE_BYTES;
}

/** Where the vectors from `first` on begin, at the place `begin` of each; see {@link pack} for their stride. */
function cornerOf(matrix: usize, stride: usize, isAcross: bool, first: i32, begin: i32): usize {
  return matrix + <usize>(isAcross ? begin : first) * stride + ((<usize>(isAcross ? first : begin)) << 2);
}

/**
 * result = left right, or result + left right if `add`: `left` [rows, inner] or transposed, `right` [inner, columns] or transposed.
 * All matrices have their rows one after the other.
 */
export function multiply(
  rows: i32,
  columns: i32,
  inner: i32,
  left: usize,
  isLeftTransposed: bool,
  right: usize,
  isRightTransposed: bool,
  result: usize,
  add: bool,
  workspace: usize,
): void {
  const leftStride = (<usize>(isLeftTransposed ? rows : inner)) << 2;
  const rightStride = (<usize>(isRightTransposed ? inner : columns)) << 2;
  const stride = (<usize>columns) << 2;
  const packedLeft = workspace;
  const packedRight = packedLeft + LEFT_BYTES;
  const tile = packedRight + RIGHT_BYTES;
  for (let column = 0; column < columns; column += BLOCK_COLUMNS) {
    const width = min(BLOCK_COLUMNS, columns - column);
    for (let begin = 0; begin < inner; begin += BLOCK_INNER) {
      const depth = min(BLOCK_INNER, inner - begin);
      const strip = cornerOf(right, rightStride, !isRightTransposed, column, begin);
      pack(strip, rightStride, !isRightTransposed, width, depth, TILE_COLUMNS, packedRight);
      for (let row = 0; row < rows; row += BLOCK_ROWS) {
        const height = min(BLOCK_ROWS, rows - row);
        const block = cornerOf(left, leftStride, isLeftTransposed, row, begin);
        pack(block, leftStride, isLeftTransposed, height, depth, TILE_ROWS, packedLeft);
        const corner = result + <usize>row * stride + ((<usize>column) << 2);
        multiplyBlock(packedLeft, packedRight, height, width, depth, corner, stride, add || begin > 0, tile);
      }
    }
  }
}

/** All tiles of a block of the result. */
function multiplyBlock(
  left: usize,
  right: usize,
  rows: i32,
  columns: i32,
  inner: i32,
  result: usize,
  stride: usize,
  add: bool,
  tile: usize,
): void {
  const strip = (<usize>inner) << 2;
  for (let column = 0; column < columns; column += TILE_COLUMNS) {
    const strips = right + <usize>column * strip;
    const top = result + ((<usize>column) << 2);
    const isWhole = column + TILE_COLUMNS <= columns;
    for (let row = 0; row < rows; row += TILE_ROWS) {
      const from = left + <usize>row * strip;
      const corner = top + <usize>row * stride;
      if (isWhole && row + TILE_ROWS <= rows) {
        addTile(inner, from, strips, corner, stride, add);
        continue;
      }
      addTile(inner, from, strips, tile, 4 * TILE_COLUMNS, false);
      copyPart(tile, corner, stride, min(TILE_ROWS, rows - row), min(TILE_COLUMNS, columns - column), add);
    }
  }
}

/** What of a tile lies in the result. */
function copyPart(tile: usize, result: usize, stride: usize, rows: i32, columns: i32, add: bool): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const to = result + <usize>row * stride + ((<usize>column) << 2);
      const value = f32.load(tile + ((<usize>(row * TILE_COLUMNS + column)) << 2));
      f32.store(to, add ? f32.load(to) + value : value);
    }
  }
}

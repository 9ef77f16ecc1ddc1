/** Columns that are turned at a time, and rows: so many lines of either matrix stay in the processor's cache. */
const TILE = 16;

/**
 * Writes rows of a matrix into its transpose. All weights of a model go through here: four rows are read side by side, so
 * that four neighbors are written at a time.
 *
 * @param values some of the rows [values.length / columns, columns]
 * @param result the transpose [columns, allRows]
 * @param first number of the first of the rows
 */
export function writeTransposed(
  values: Float32Array,
  columns: number,
  result: Float32Array,
  allRows: number,
  first: number,
): void {
  const rows = values.length / columns;
  const quads = rows - (rows % 4);
  for (let top = 0; top < quads; top += TILE) {
    const bottom = Math.min(quads, top + TILE);
    for (let left = 0; left < columns; left += TILE) {
      const right = Math.min(columns, left + TILE);
      for (let row = top; row < bottom; row += 4) {
        let to = left * allRows + first + row;
        for (let from = row * columns + left; from < row * columns + right; from++, to += allRows) {
          result[to] = values[from];
          result[to + 1] = values[from + columns];
          result[to + 2] = values[from + 2 * columns];
          result[to + 3] = values[from + 3 * columns];
        }
      }
    }
  }
  for (let row = quads; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * allRows + first + row] = values[row * columns + column];
    }
  }
}

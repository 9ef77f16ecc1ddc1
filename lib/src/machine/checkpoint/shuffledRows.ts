import { randomGenerator } from "../support/random";

/**
 * Puts the values of each row into a random order, in place (Fisher and Yates).
 *
 * @param values [rows, columns]
 * @param seedOf of the i-th row
 */
export function shuffleRows(values: Float32Array, columns: number, seedOf: (row: number) => string): Float32Array {
  for (let row = 0; row * columns < values.length; row++) {
    const random = randomGenerator(seedOf(row));
    const start = row * columns;
    for (let left = columns - 1; left > 0; left--) {
      const [here, there] = [start + left, start + Math.floor(random() * (left + 1))];
      const value = values[here];
      values[here] = values[there];
      values[there] = value;
    }
  }
  return values;
}

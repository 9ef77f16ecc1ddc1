import type { Numbers } from "./numberTypes";

/**
 * Brings the values of a view into C order.
 *
 * @param stored what it is a view of, from its first value on
 * @param strides steps between neighbors in each dimension, in values, at least 0
 */
export function inCOrder<Values extends Numbers>(
  stored: Values,
  shape: readonly number[],
  strides: readonly number[],
): Values {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  const values = new (stored.constructor as new (size: number) => Values)(size);
  const last = shape.length - 1;
  const position = shape.map(() => 0);
  for (let done = 0; done < size; ) {
    let from = position.reduce((sum, index, dimension) => sum + index * strides[dimension], 0);
    if (strides[last] === 1) {
      values.set(stored.subarray(from, from + shape[last]), done);
      done += shape[last];
    } else {
      for (let i = 0; i < shape[last]; i++, from += strides[last]) values[done++] = stored[from];
    }
    // The next row, as an odometer counts.
    let dimension = last - 1;
    while (dimension >= 0 && ++position[dimension] === shape[dimension]) position[dimension--] = 0;
  }
  return values;
}

/** The strides of an array whose first dimension is the one that runs fastest, as Fortran and `x.T` have it. */
export function fortranStrides(shape: readonly number[]): number[] {
  let stride = 1;
  return shape.map((dimension) => {
    const own = stride;
    stride *= dimension;
    return own;
  });
}

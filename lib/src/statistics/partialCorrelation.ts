import { UserError } from "../machine/support/errors";
import { type Correlation, correlationOf, FEWEST_PAIRS, linearCoefficient } from "./correlation";

/** Of a quantity's length this much is rounding: it is a constant then, or follows from the others. */
const ROUNDING = 1e-12;

/**
 * Partial correlation: how x and y go together where other quantities are held fixed. From x and from y what is linear in the others is taken off, and
 * the rests are correlated (Pearson). Its p-value and interval are those of n - k pairs, k being how many of the others are independent: constants and
 * sums of the others say nothing new.
 *
 * @param given the other quantities, each as long as x; observations with a NaN or infinity are left out
 * @returns with n the number of observations that count, before k is taken off; NaN where nothing is left of x or of y
 * @throws UserError if they are not all of one length
 * @see Fisher 1924 (Metron 3): the distribution is that of a correlation of k fewer pairs
 * @example
 * const loss = [2.1, 1.9, 3.2, 2.8, 2.4, 3.9];
 * const dimension = [6, 5, 9, 7, 8, 9];
 * const length = [200, 210, 300, 260, 220, 400];
 * partialCorrelation(dimension, loss, [length]).coefficient; // 0.8333
 */
export function partialCorrelation(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  given: readonly ArrayLike<number>[],
): Correlation {
  const all = [...given, x, y];
  if (all.some(({ length }) => length !== x.length)) {
    throw new UserError(`${all.map(({ length }) => length).join(", ")} values: of each as many are needed`);
  }
  const kept = Array.from(x, (_, i) => i).filter((i) => all.every((values) => Number.isFinite(values[i])));
  const basis: Float64Array[] = [];
  const rests = all.map((values, place) => {
    const observed = new Float64Array(kept.length);
    for (let i = 0; i < kept.length; i++) observed[i] = values[kept[i]];
    const centered = withoutMean(observed);
    const rest = withoutParts(withoutParts(centered, basis), basis); // The second time takes off what rounding has left.
    const isNew = lengthOf(rest) > ROUNDING * lengthOf(observed);
    if (place < given.length && isNew) {
      const length = lengthOf(rest);
      basis.push(rest.map((value) => value / length));
    }
    return isNew ? rest : new Float64Array(kept.length);
  });
  const [left, right] = rests.slice(given.length);
  const coefficient = kept.length - basis.length < FEWEST_PAIRS ? Number.NaN : linearCoefficient(left, right);
  return { ...correlationOf("pearson", coefficient, kept.length - basis.length), n: kept.length };
}

function withoutMean(values: Float64Array): Float64Array {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  const mean = sum / values.length;
  return values.map((value) => value - mean);
}

/** What is left of values when their parts along some unit vectors, one after the other, are taken off. */
function withoutParts(values: Float64Array, basis: readonly Float64Array[]): Float64Array {
  const rest = values.slice();
  for (const unit of basis) {
    const part = dot(rest, unit);
    for (let i = 0; i < rest.length; i++) rest[i] -= part * unit[i];
  }
  return rest;
}

function lengthOf(values: Float64Array): number {
  return Math.sqrt(dot(values, values));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

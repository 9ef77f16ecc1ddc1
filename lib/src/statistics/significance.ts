import { jStat } from "jstat";

/** Below this r^2 the series is slow; p is no small number there unless there are very many pairs. */
const SERIES_FROM = 0.01;

/**
 * Natural logarithm of the two-sided p-value of a correlation: how probable one at least as strong is among independent
 * normal values. It stays exact where p itself is too small for a number (2244 prompts, r = 0.8: p = 1e-499).
 *
 * @param r the correlation, -1 to 1
 * @param n number of pairs
 * @returns 0 or less; minus infinity for |r| = 1; NaN with fewer than three pairs or without a correlation
 * Source: t = r sqrt((n - 2) / (1 - r^2)) has Student's t distribution with n - 2 degrees of freedom, so
 * p = I(1 - r^2; (n - 2) / 2, 1 / 2) with the regularized incomplete beta function, here by its hypergeometric series
 * (Abramowitz and Stegun 26.5.4), all of whose terms are positive.
 */
export function logCorrelationPValue(r: number, n: number): number {
  if (n < 3 || Number.isNaN(r)) return Number.NaN;
  const a = (n - 2) / 2;
  const x = (1 - r) * (1 + r);
  if (x <= 0) return Number.NEGATIVE_INFINITY;
  if (r * r < SERIES_FROM) return Math.log(jStat.ibeta(x, a, 0.5));
  let term = 1;
  let series = 1;
  for (let k = 0; term > 1e-17 * series; k++) {
    term *= ((a + 0.5 + k) / (a + 1 + k)) * x;
    series += term;
  }
  return Math.min(0, a * Math.log(x) + Math.log(Math.abs(r)) - Math.log(a) - logBetaOfHalf(a) + Math.log(series));
}

/** ln B(a, 1/2). The difference of two large logarithms of gamma functions would lose the digits that count. */
function logBetaOfHalf(a: number): number {
  // gamma(a + 1/2) / gamma(a) grows by (a + 1/2) / a from a to a + 1, and has an asymptotic series for large a.
  let large = a;
  let steps = 0;
  for (; large < 20; large++) steps += Math.log1p(0.5 / large);
  const series = -1 / (8 * large) + 1 / (192 * large ** 3) - 1 / (640 * large ** 5) + 17 / (14336 * large ** 7);
  return 0.5 * Math.log(Math.PI) - (0.5 * Math.log(large) + series - steps);
}

/**
 * Confidence interval of a correlation by Fisher's transformation z = artanh(r), which is almost normal.
 *
 * @param r the correlation
 * @param n number of pairs
 * @param level of confidence
 * @param rank true for Spearman's rho, whose z is spread a little wider (Bonett and Wright 2000, Psychometrika 65)
 * @returns lower and upper end; NaN with fewer than four pairs or |r| = 1, where there is none
 * Source: Fisher 1921 (Metron 1): the standard error of z is 1 / sqrt(n - 3).
 */
export function fisherInterval(r: number, n: number, level = 0.95, rank = false): [number, number] {
  if (!(n > 3 && Math.abs(r) < 1)) return [Number.NaN, Number.NaN];
  const spread = Math.sqrt((rank ? 1 + r ** 2 / 2 : 1) / (n - 3));
  const half = jStat.normal.inv((1 + level) / 2, 0, 1) * spread;
  const z = Math.atanh(r);
  return [Math.tanh(z - half), Math.tanh(z + half)];
}

/** The paper calls a correlation significant below this p-value. */
export const SIGNIFICANCE_LEVEL = 0.01;

/**
 * A p-value in writing, from its logarithm to base 10: "0.034", "2.2e-13", "7.1e-500"; "not known" of NaN.
 */
export function formatPValue(log10P: number): string {
  if (Number.isNaN(log10P)) return "not known";
  if (log10P === Number.NEGATIVE_INFINITY) return "0";
  if (log10P > -3) return String(Number((10 ** log10P).toPrecision(2)));
  let exponent = Math.floor(log10P);
  let digits = (10 ** (log10P - exponent)).toFixed(1);
  if (digits === "10.0") {
    digits = "1.0";
    exponent++;
  }
  return `${digits}e${exponent}`;
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { quantile, standardDeviation } from "simple-statistics";
import { describe, expect, it, test } from "vitest";
import { meanAndDeviation } from "../geometry/metric";
import { bootstrapBand } from "./bootstrap";
import { averageRanks, correlate, fittedLine, pearson, spearman, whyNone } from "./correlation";
import { fisherInterval, formatPValue, logCorrelationPValue } from "./significance";

/** Made by scipy, see tests/fixtures/README.md; null where a number does not exist. */
interface Reference {
  correlations: {
    name: string;
    x: number[];
    y: number[];
    pearson: { r: number; p: number; logP: number | null; interval95: [number, number] | null } | null;
    spearman: { r: number; p: number } | null;
    line?: { slope: number; intercept: number };
  }[];
  rankPermutations: { x: number[]; y: number[]; p: number }[];
  correlationFromR: { r: number; n: number; p: number; logP: number | null }[];
  fisherInterval95: { r: number; n: number; interval: [number, number] | null }[];
  percentiles: { values: number[]; percentile: number[]; expected: number[] }[];
  meanAndPopulationDeviation: { values: number[]; mean: number; std: number }[];
}

const reference: Reference = JSON.parse(
  readFileSync(join(__dirname, "../../../tests/fixtures/statistics.json"), "utf8"),
);

function expectClose(actual: number, expected: number | null | undefined, tolerance = 1e-9): void {
  if (expected === null || expected === undefined) expect(actual).toBeNaN();
  else expect(Math.abs(actual - expected)).toBeLessThanOrEqual(tolerance * Math.abs(expected) + Number.MIN_VALUE);
}

describe("correlations", () => {
  test.each(reference.correlations)("$name", ({ x, y, pearson, spearman, line }) => {
    const r = correlate(x, y, "pearson");
    expectClose(r.coefficient, pearson?.r);
    expectClose(r.p, pearson?.p);
    if (pearson?.logP) expectClose(r.log10P, pearson.logP / Math.LN10);
    expectClose(r.low, pearson?.interval95?.[0]);
    expectClose(r.high, pearson?.interval95?.[1]);
    const rho = correlate(x, y, "spearman");
    expectClose(rho.coefficient, spearman?.r);
    // scipy's own p of a strong correlation is good to some 7 digits.
    expectClose(rho.p, spearman?.p, 1e-6);
    if (line) {
      expectClose(fittedLine(x, y).slope, line.slope);
      expectClose(fittedLine(x, y).intercept, line.intercept);
    }
  });

  it("leave out pairs without numbers, and refuse what is no pairs", () => {
    const [x, y] = [
      [1, 2, Number.NaN, 4, 9],
      [2, 1, 3, Number.POSITIVE_INFINITY, 8],
    ];
    expect(correlate(x, y, "pearson")).toEqual(correlate([1, 2, 9], [2, 1, 8], "pearson"));
    expect(() => correlate([1, 2], [1], "pearson")).toThrow("2 and 1 values are no pairs");
  });

  it("of constants do not exist, whatever rounding leaves of their spread", () => {
    expect(correlate([0.1, 0.1, 0.1], [1, 2, 3], "pearson").coefficient).toBeNaN();
  });

  it("rank equal values alike", () => {
    expect([...averageRanks([30, 10, 20, 10, 30, 30])]).toEqual([5, 1.5, 3, 1.5, 5, 5]);
  });
});

describe("few pairs", () => {
  test.each(reference.rankPermutations)("rank p of $x and $y by all permutations", ({ x, y, p }) => {
    const { p: ours, log10P } = spearman(x, y);
    expectClose(ours, p, 1e-12);
    expectClose(log10P, Math.log10(p), 1e-9);
    expectClose(spearman(y, x).p, p, 1e-12);
  });

  it("of a perfect order have 2 / n!, however many they are, and never less than that", () => {
    const places = (n: number) => Array.from({ length: n }, (_, i) => i);
    const factorial = (n: number) => places(n).reduce((product, i) => product * (i + 1), 1);
    for (const n of [3, 4, 12, 13, 20, 100]) {
      const backward = spearman(places(n), places(n).toReversed());
      expect(backward.coefficient).toBe(-1);
      expectClose(backward.p, 2 / factorial(n), 1e-12);
    }
    const swapped = places(14).map((i) => (i < 2 ? 1 - i : i));
    expectClose(spearman(places(14), swapped).p, 2 / factorial(14), 1e-12); // Student's t: 1e-12
    expect(spearman(places(3000), places(3000)).log10P).toBeLessThan(-9000);
    // Three pairs of equal values can change their places in both sides at once.
    const tied = places(16).map((i) => Math.max(i, 2));
    expectClose(spearman(tied, tied).p, (2 * 6) / factorial(16), 1e-12);
  });

  it("say why there is no number", () => {
    for (const n of [0, 1, 2]) {
      const one = pearson([1, 2].slice(0, n), [3, 5].slice(0, n));
      expect(one).toMatchObject({ n, coefficient: Number.NaN, p: Number.NaN, low: Number.NaN, high: Number.NaN });
      expect(spearman([1, 2].slice(0, n), [3, 5].slice(0, n)).p).toBeNaN();
      expect(whyNone(one)).toBe("fewer than 3 pairs");
    }
    const constant = spearman([1, 2, 3], [4, 4, 4]);
    expect([constant.coefficient, constant.p, constant.low]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(whyNone(constant)).toBe("all values of one side are the same");
    expect(pearson([1, 2, 4], [1, 3, 2])).toMatchObject({ low: Number.NaN, high: Number.NaN });
  });
});

describe("significance", () => {
  test.each(reference.correlationFromR)("r = $r, n = $n", ({ r, n, p, logP }) => {
    const logarithm = logCorrelationPValue(r, n);
    expectClose(Math.exp(logarithm), p);
    if (logP === null) expect(logarithm).toBe(Number.NEGATIVE_INFINITY);
    else expect(Math.abs(logarithm - logP)).toBeLessThan(1e-9 * Math.max(1, Math.abs(logP)));
  });

  test.each(reference.fisherInterval95)("interval of r = $r, n = $n", ({ r, n, interval }) => {
    const [low, high] = fisherInterval(r, n);
    expectClose(low, interval?.[0]);
    expectClose(high, interval?.[1]);
  });

  it("is written with two digits", () => {
    const written = [0.0341, 2.18e-13, 9.97e-5, 1].map((p) => formatPValue(Math.log10(p)));
    expect(written).toEqual(["0.034", "2.2e-13", "1.0e-4", "1"]);
    expect(formatPValue(logCorrelationPValue(0.8, 2244) / Math.LN10)).toBe("8.7e-500");
    expect([Number.NEGATIVE_INFINITY, Number.NaN].map(formatPValue)).toEqual(["0", "not known"]);
  });

  it("gives ranks a wider interval", () => {
    const [low, high] = fisherInterval(0.8, 50, 0.95, true);
    // z = artanh(0.8), standard error sqrt((1 + 0.32) / 47)
    const half = 1.959963984540054 * Math.sqrt(1.32 / 47);
    expectClose(low, Math.tanh(Math.atanh(0.8) - half));
    expectClose(high, Math.tanh(Math.atanh(0.8) + half));
  });
});

describe("summaries", () => {
  test.each(reference.percentiles)("percentiles of %#", ({ values, percentile: asked, expected }) => {
    asked.forEach((percent, i) => {
      expectClose(quantile(values, percent / 100), expected[i]);
    });
  });

  test.each(reference.meanAndPopulationDeviation)("mean and deviation of %#", ({ values, mean, std }) => {
    const ours = meanAndDeviation(Float64Array.from(values));
    expectClose(ours.mean, mean);
    expectClose(ours.std, std);
    expectClose(standardDeviation(values), std);
  });
});

describe("bootstrap", () => {
  const values = Array.from({ length: 400 }, (_, i) => Math.sin(i * 12.9898) * 3 + 7);
  const mean = (drawn: Int32Array) => drawn.reduce((sum, i) => sum + values[i], 0) / drawn.length;

  it("spreads a mean by its standard error", () => {
    const { low, high } = bootstrapBand(values.length, (drawn) => [mean(drawn)], { resamples: 4000 });
    const { mean: center, std } = meanAndDeviation(Float64Array.from(values));
    const half = (1.96 * std) / Math.sqrt(values.length);
    expect(Math.abs(low[0] - (center - half))).toBeLessThan(0.06 * half * 2);
    expect(Math.abs(high[0] - (center + half))).toBeLessThan(0.06 * half * 2);
  });

  it("is none of a single observation, which is drawn every time", () => {
    expect(bootstrapBand(1, () => [5])).toEqual({ low: [Number.NaN], high: [Number.NaN] });
    expect(bootstrapBand(3, () => [5])).toEqual({ low: [5], high: [5] });
  });

  it("depends on its seed alone, and takes all quantities from the same draw", () => {
    const band = (seed: string) =>
      bootstrapBand(values.length, (drawn) => [mean(drawn), mean(drawn) + 1, Number.NaN], { resamples: 100, seed });
    expect(band("a")).toEqual(band("a"));
    expect(band("a").low[0]).not.toBe(band("b").low[0]);
    expect(band("a").low[1]).toBeCloseTo(band("a").low[0] + 1, 10);
    expect(band("a").low[2]).toBeNaN();
  });
});

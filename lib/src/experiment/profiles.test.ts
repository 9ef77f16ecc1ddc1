import { describe, expect, test } from "vitest";
import { compareProfiles, peakOf } from "./comparison";
import { meanProfile } from "./profiles";

describe("meanProfile", () => {
  test("mean and population standard deviation, layer by layer", () => {
    const profiles = [
      { layers: [1, 2], values: [2, 10] },
      { layers: [1, 2], values: [4, 10] },
      { layers: [1, 2], values: [9, 10] },
    ];
    const { layers, mean, std, n } = meanProfile(profiles);
    expect({ layers, mean, n }).toEqual({ layers: [1, 2], mean: [5, 10], n: 3 });
    expect(std[0]).toBeCloseTo(Math.sqrt((9 + 1 + 16) / 3), 14); // ddof 0: divided by 3, not by 2
    expect(std[1]).toBe(0);
  });

  test("a single prompt has deviation 0; none is refused", () => {
    expect(meanProfile([{ layers: [1], values: [7] }])).toEqual({ layers: [1], mean: [7], std: [0], n: 1 });
    expect(() => meanProfile([])).toThrow("no results to average");
  });

  test("a missing number stays missing, in its layer only", () => {
    const { mean } = meanProfile([
      { layers: [1, 2], values: [Number.NaN, 1] },
      { layers: [1, 2], values: [3, 3] },
    ]);
    expect(mean).toEqual([Number.NaN, 2]);
  });
});

describe("comparison", () => {
  const profile = (layers: number[], mean: number[]) => ({ layers, mean, std: mean.map(() => 0.5), n: 4 });

  test("models of the same depth: layer by layer", () => {
    const rows = compareProfiles(profile([1, 2], [5, 6]), profile([1, 2], [4, 8]));
    expect(rows.map(({ layer, difference }) => [layer, difference])).toEqual([
      [1, 1],
      [2, -2],
    ]);
    expect(rows.map((row) => row["published layer"])).toEqual([1, 2]);
  });

  test("models of different depth: by relative depth", () => {
    const rows = compareProfiles(profile([1, 2, 3], [1, 2, 3]), profile([1, 2, 3, 4, 5, 6], [10, 20, 30, 40, 50, 60]));
    expect(rows.map((row) => [row["published layer"], row.published])).toEqual([
      [2, 20],
      [4, 40],
      [6, 60],
    ]);
  });

  test("the peak: the first highest layer", () => {
    expect(peakOf(profile([1, 2, 3, 4], [1, 7, 7, 2]))).toEqual({ layer: 2, depth: 0.5, height: 7, sd: 0.5, n: 4 });
  });
});

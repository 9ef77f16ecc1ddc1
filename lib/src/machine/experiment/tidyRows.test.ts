import { describe, expect, test } from "vitest";
import { coreMetricNames } from "./entries";
import { ResultOfRows, type TidyRow, tidyRows } from "./tidyRows";
import type { UnitResult } from "./unit";

const histogram = (...counts: [bin: number, count: number][]) => {
  const bins = new Array<number>(90).fill(0);
  for (const [bin, count] of counts) bins[bin] = count;
  return bins;
};

const RESULT: UnitResult = {
  layers: [
    {
      intrinsicDimension: [],
      twoNN: { fit: Number.NaN, ml: Number.NaN },
      cosineSimilarity: { mean: 0.5, std: 0.1 },
      neighborhoodOverlap: [],
      neighborAngle: { mean: Number.NaN, std: Number.NaN, histogram: histogram() },
    },
    {
      intrinsicDimension: [
        { scaling: 2, id: 7.5, error: 0.5, scale: 3 },
        { scaling: 4, id: Number.NaN, error: Number.NaN, scale: 4 },
      ],
      twoNN: { fit: 7, ml: 7.25 },
      cosineSimilarity: { mean: 0.25, std: 0.125 },
      neighborhoodOverlap: [0.5, 0.75],
      neighborAngle: { mean: 60, std: 10, histogram: histogram([0, 1], [30, 12], [89, 3]) },
    },
  ],
  loss: 3.5,
  meanEntropy: 3.25,
  logitsIntrinsicDimension: [{ scaling: 2, id: 20, error: 1, scale: 9 }],
};

const ALL = [...coreMetricNames(), "logitsIntrinsicDimension"];

function again(rows: readonly TidyRow[], metrics = ALL): UnitResult {
  const builder = new ResultOfRows(2, metrics);
  for (const row of rows) builder.add(row);
  return builder.result();
}

describe("tidy rows", () => {
  test("name every number, and where it belongs", () => {
    const rows = tidyRows(RESULT);
    const of = (quantity: string) =>
      rows
        .filter((row) => row.quantity === quantity)
        .map(({ layer, parameter, value, error }) => [layer, parameter, value, error]);
    expect(of("loss")).toEqual([[null, null, 3.5, null]]);
    expect(of("intrinsicDimension")).toEqual([
      [1, 2, 7.5, 0.5],
      [1, 4, Number.NaN, Number.NaN],
    ]);
    expect(of("intrinsicDimensionScale")).toEqual([
      [1, 2, 3, null],
      [1, 4, 4, null],
    ]);
    expect(of("logitsIntrinsicDimension")).toEqual([[null, 2, 20, 1]]);
    // As in the paper: of layer 0 with layer 1.
    expect(of("neighborhoodOverlap")).toEqual([
      [0, 1, 0.5, null],
      [0, 2, 0.75, null],
    ]);
    expect(of("neighborAngleCount")).toEqual([
      [1, 0, 1, null],
      [1, 60, 12, null],
      [1, 178, 3, null],
    ]);
    expect(of("twoNNMaximumLikelihood")).toHaveLength(2);
  });

  test("make the same result again, in whatever order they come", () => {
    const rows = tidyRows(RESULT);
    expect(again(rows)).toEqual(RESULT);
    expect(again(rows.toReversed())).toEqual(RESULT);
    const { logitsIntrinsicDimension, ...plain } = RESULT;
    expect(again(tidyRows(plain), coreMetricNames())).toEqual(plain);
  });

  test("that are missing, or belong nowhere, are noticed", () => {
    const rows = tidyRows(RESULT);
    const without = (quantity: string) => rows.filter((row) => row.quantity !== quantity);
    for (const quantity of ["loss", "meanEntropy", "twoNNFit", "cosineSimilarityDeviation"]) {
      expect(() => again(without(quantity))).toThrow("are missing");
    }
    const gap = rows.filter(({ quantity, parameter }) => !(quantity === "neighborhoodOverlap" && parameter === 1));
    expect(() => again(gap)).toThrow("rows of layer 1 are missing");
    const [row] = rows;
    expect(() => again([{ ...rows[5], layer: 7 }])).toThrow("a row of layer 7; there are 2 hidden states");
    expect(() => again([{ ...row, quantity: "size" as "loss" }])).toThrow('unknown quantity "size"');
    expect(() => again([{ ...row, layer: 0 }])).toThrow('unknown quantity "loss" of a layer');
    for (const parameter of [-1, 0.5, 1e9]) expect(() => again([{ ...row, parameter }])).toThrow("of the parameter");
  });
});

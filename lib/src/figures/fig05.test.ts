import { describe, expect, test } from "vitest";
import { FIGURE_ROWS, publishedProfiles } from "../../../tests/support/figureRows";
import { peaks } from "../results/means";
import { publishedMeans } from "../results/published";
import type { MeanRow } from "../results/row";
import { figure5, runBelow } from "./fig05";

const llama = { models: ["Llama-3-8B"] };
const overlaps = publishedMeans("neighborhoodOverlap", 2, llama);
const peak = peaks(publishedMeans("intrinsicDimension", 2, llama))[1].layer;

describe("the gray band of Figure 5", () => {
  const curve = (shuffle: number, values: number[]) =>
    values.map((mean, i) => ({ ...overlaps[0], shuffle, layer: i + 1, mean }) as MeanRow);

  test.each([
    ["around the peak", [6, 4, 3, 4, 6, 4], 3, { first: 2, last: 4 }],
    ["at the peak only", [6, 6, 4, 6, 4, 4], 3, { first: 3, last: 3 }],
    ["everywhere", [1, 1, 1, 1, 1, 1], 1, { first: 1, last: 6 }],
    ["not where the curves are equal", [1, 1, 5, 1, 1, 1], 3, undefined],
    ["not where it lies above at the peak", [1, 1, 9, 1, 1, 1], 3, undefined],
    ["not without a peak", [1, 1, 1, 1, 1, 1], undefined, undefined],
    ["not where the peak is no layer", [1, 1, 1, 1, 1, 1], 7, undefined],
  ])("%s", (_, lower, layer, expected) => {
    expect(runBelow([...curve(0, [5, 5, 5, 5, 5, 5]), ...curve(5, lower)], layer)).toEqual(expected);
  });

  test("spans whole layers of the right panel, and is not there without the dimension", () => {
    const [band] = figure5.draw(FIGURE_ROWS[5]).layout.shapes as Record<string, unknown>[];
    const { first, last } = runBelow(overlaps, peak)!;
    expect(band).toMatchObject({ xref: "x2", x0: first - 0.5, x1: last + 0.5, layer: "below" });
    expect(first).toBeLessThanOrEqual(peak!);
    expect(last).toBeGreaterThanOrEqual(peak!);
    expect(figure5.draw(publishedProfiles("neighborhoodOverlap", 2)).layout.shapes).toEqual([]);
  });
});

test("the caption and the axis name the k of the rows", () => {
  const { caption, layout } = figure5.draw(publishedProfiles("neighborhoodOverlap", 16));
  expect(`${caption} ${JSON.stringify(layout.yaxis)}`).toMatch(/the 16 nearest.*k = 16/);
});

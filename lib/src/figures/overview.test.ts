import { expect, test } from "vitest";
import { type OverviewLayer, overviewFigure } from "./overview";

const layers = [0, 1, 2, 3].map(
  (layer): OverviewLayer => ({
    dimension: layer === 0 ? { id: Number.NaN, error: Number.NaN } : { id: 5 + layer, error: 0.5 },
    cosineSimilarity: layer / 10,
    overlapWithPrevious: layer === 0 ? null : layer - 0.8,
  }),
);

test("three panels, each quantity at the layers where the paper has it", () => {
  const { data, layout, caption } = overviewFigure(layers, "mini, one prompt");
  const lines = data.filter(({ fill }) => fill === undefined);
  expect(lines.map(({ xaxis, x, y }) => ({ xaxis, x, y }))).toEqual([
    { xaxis: "x", x: [1, 2, 3], y: [6, 7, 8] },
    { xaxis: "x2", x: [0, 1, 2, 3], y: [0, 0.1, 0.2, 0.3] },
    { xaxis: "x3", x: [1, 2], y: [1.2, 2.2] },
  ]);
  const [band] = data.filter(({ fill }) => fill !== undefined);
  expect(band).toMatchObject({ xaxis: "x", y: [6.5, 7.5, 8.5, 7.5, 6.5, 5.5] });
  expect(JSON.stringify(layout)).toContain("mini, one prompt");
  expect(caption).toContain("mini, one prompt");
});

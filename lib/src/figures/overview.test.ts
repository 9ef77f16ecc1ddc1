import { expect, test } from "vitest";
import type { GeometryReport } from "../geometry/geometryReport";
import { overviewFigure } from "./overview";

/** Four layers; the embeddings have no dimension, as where all tokens are the same. */
const report: GeometryReport = {
  clouds: [0, 1, 2, 3].map((layer) => ({
    file: `hidden.npy[${layer}]`,
    n: 8,
    d: 4,
    intrinsicDimension: layer === 0 ? [] : [{ scaling: 2, id: 5 + layer, error: 0.5, scale: 1 }],
    twoNN: { fit: 1, ml: 1 },
    cosineSimilarity: { mean: layer / 10, std: 0.1 },
    neighborAngleDegrees: { mean: 60, std: 1 },
  })),
  neighborhoodOverlap: [0, 1, 2].map((layer) => ({
    from: `hidden.npy[${layer}]`,
    to: `hidden.npy[${layer + 1}]`,
    overlap: [
      { k: 1, value: 0.1 },
      { k: 2, value: 0.2 + layer },
    ],
  })),
};

test("three panels, each quantity at the layers where the paper has it", () => {
  const { data, layout, caption } = overviewFigure(report, "mini, one prompt");
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

import { describe, expect, it } from "vitest";
import { angleRows } from "../../../tests/support/figureRows";
import { figure4 } from "./fig04";

describe("Figure 4", () => {
  it("shows every token once, and every prompt once", () => {
    const sums = figure4.draw(angleRows(2)).data.map(({ y }) => (y as number[]).reduce((sum, count) => sum + count, 0));
    expect(sums).toEqual([7, 7, 2, 2]);
  });

  it("marks the mean of each histogram, and names its layer", () => {
    const { layout, caption } = figure4.draw(angleRows(3));
    const lines = layout.shapes as { x0: number; xref: string }[];
    expect(lines.map(({ x0, xref }) => `${xref} ${x0.toFixed(3)}`)).toEqual([
      "x 63.100",
      "x 63.105",
      "x2 63.110",
      "x2 63.115",
    ]);
    expect(caption).toContain("layer 3 of llama-mini");
  });
});

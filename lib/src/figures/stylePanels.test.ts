import { describe, expect, it } from "vitest";
import type { PlotlyTrace } from "../machine/render/figure";
import { calmPanels, subplotLayout } from "./style";

function drawn(...panels: PlotlyTrace[]): Record<string, { range?: number[]; showticklabels?: boolean }> & {
  annotations: { text: string; xref: string }[];
} {
  const layout = subplotLayout({ rows: 1, columns: panels.length });
  calmPanels(
    layout,
    panels.map((panel, i) => ({ ...panel, xaxis: i === 0 ? "x" : `x${i + 1}` })),
  );
  return layout as never;
}

describe("calmPanels", () => {
  it("says of a panel that it has no values, instead of numbering its axes", () => {
    const layout = drawn(
      { x: [1, 2], y: [1, 2] },
      { x: [1, 2], y: [Number.NaN, Number.NaN] },
      { x: [null], y: [null] },
    );
    expect(layout.annotations.map(({ text, xref }) => [text, xref])).toEqual([
      ["no values", "x2 domain"],
      ["no values", "x3 domain"],
    ]);
    expect([layout.yaxis, layout.yaxis2, layout.yaxis3].map(({ showticklabels }) => showticklabels)).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("gives values that are equal within float32 a range around them, and leaves others alone", () => {
    const near = drawn({ x: [1, 2], y: [0.9999999, 1] }, { x: [1, 2], y: [0.9999, 1] }, { x: [1], y: [-7] });
    expect(near.yaxis.range).toEqual([0.9999999 - 0.1, 1.1]);
    expect(near.yaxis2.range).toBeUndefined();
    expect(near.yaxis3.range).toEqual([-7.7, -6.3]);
  });

  it("does not narrow a range that other panels share", () => {
    const layout = subplotLayout({ rows: 1, columns: 2, sharedY: true });
    calmPanels(layout, [
      { x: [1], y: [7] },
      { x: [1], y: [70], xaxis: "x2" },
    ]);
    expect((layout.yaxis as { range?: number[] }).range).toBeUndefined();
  });
});

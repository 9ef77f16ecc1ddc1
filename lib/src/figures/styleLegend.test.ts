import { describe, expect, it } from "vitest";
import type { PlotlyTrace } from "../machine/render/figure";
import { widthOf } from "./fittedText";
import { baseLayout, LEGEND_SIZE, legendAbove, legendBeside } from "./style";

const traces = (names: string[]): PlotlyTrace[] => names.map((name) => ({ name, x: [1], y: [1] }));
const LONG = Array.from(
  { length: 20 },
  (_, i) => `some-organization-with-a-long-name/model-${i}-instruct-deduped-Q4_K_M`,
);

function roomAbove(data: PlotlyTrace[]): number {
  const layout = baseLayout({ width: 900, height: 400 });
  const before = layout.height;
  legendAbove(layout, data);
  return layout.height - before;
}

describe("a legend above the panels", () => {
  it("takes a line if the names fit", () => {
    expect(roomAbove(traces(["Llama-3-8B", "Mistral-7B"]))).toBeLessThan(30);
  });

  it("has twenty long names in two columns, each name whole, and the room that they take", () => {
    const data = traces(LONG);
    const room = roomAbove(data);
    expect(data.map(({ name }) => name?.replaceAll("<br>", ""))).toEqual(LONG);
    const lines = data.map(({ name }) => name?.split("<br>").length ?? 0);
    expect(room).toBeGreaterThan(10 * Math.min(...lines) * LEGEND_SIZE);
    expect(room).toBeLessThan(10 * Math.max(...lines) * LEGEND_SIZE * 1.6 + 20);
    for (const { name } of data) expect(widthOf(name ?? "", LEGEND_SIZE)).toBeLessThan(406 - 55);
  });

  it("does not list traces that are not shown in it", () => {
    const hidden = traces(LONG).map((trace) => ({ ...trace, showlegend: false }));
    expect(roomAbove([...traces(["one"]), ...hidden])).toBe(roomAbove(traces(["one"])));
    expect(hidden.map(({ name }) => name)).toEqual(LONG);
  });
});

it("a legend beside the panels is as wide as its names, to a limit at which they are broken", () => {
  const [few, many] = [traces(["one"]), traces(LONG)];
  expect(legendBeside(few).width).toBe(190);
  const { width, height } = legendBeside(many);
  expect(width).toBe(420);
  for (const { name } of many) expect(widthOf(name ?? "", LEGEND_SIZE)).toBeLessThanOrEqual(width - 55);
  expect(height).toBeGreaterThan(20 * LEGEND_SIZE * 1.3);
});

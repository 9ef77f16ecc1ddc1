import { describe, expect, it } from "vitest";
import { axis, baseLayout, colorBarTrace, meanBandTraces, shuffleColor, subplotLayout, withOpacity } from "./style";

describe("shuffleColor", () => {
  it("goes from the paper's blue to its orange, all six different", () => {
    const colors = [0, 1, 2, 3, 4, 5].map((index) => shuffleColor(index));
    expect(colors[0]).toBe("#648FFF");
    expect(colors[5]).toBe("#FE6100");
    expect(new Set(colors).size).toBe(6);
    expect(shuffleColor(3, 3)).toBe("#FE6100");
    expect(shuffleColor(1, 3)).toBe("#785EF0");
    expect(shuffleColor(0, 0)).toBe("#648FFF");
  });

  it("takes an opacity", () => {
    expect(withOpacity("#FE6100", 0.2)).toBe("rgba(254,97,0,0.2)");
  });
});

describe("meanBandTraces", () => {
  const band = { x: [1, 2, 3], mean: [10, 20, 30], sd: [1, 2, 3], n: 50, name: "S = 0", color: "#648FFF" };

  it("makes one closed polygon from mean - sd to mean + sd, and the line", () => {
    const [polygon, line] = meanBandTraces(band);
    expect(polygon).toMatchObject({
      x: [1, 2, 3, 3, 2, 1],
      y: [11, 22, 33, 27, 18, 9],
      fill: "toself",
      hoverinfo: "skip",
      showlegend: false,
      fillcolor: "rgba(100,143,255,0.2)",
    });
    expect(line).toMatchObject({ x: [1, 2, 3], y: [10, 20, 30], name: "S = 0", showlegend: true });
    expect((line.text as string[])[1]).toBe("layer 2<br>mean 20<br>sd 2<br>n 50");
  });

  it("is a line alone without sd, and leaves out what is not a number", () => {
    const traces = meanBandTraces({ ...band, sd: undefined, n: undefined, mean: Float32Array.of(1, Number.NaN, 3) });
    expect(traces).toHaveLength(1);
    expect(traces[0]).toMatchObject({ x: [1, 3], y: [1, 3] });
    const gap = meanBandTraces({ ...band, mean: [10, Number.NaN, 30], sd: [1, 2, Number.NaN] });
    expect(gap[0]).toMatchObject({ x: [1, 1], y: [11, 9] });
    expect((gap[1].text as string[])[1]).toContain("sd not known");
  });

  it("goes to the panel it is told, with counts point by point", () => {
    const [polygon, line] = meanBandTraces({
      ...band,
      xaxis: "x3",
      yaxis: "y3",
      n: [5, 6, 7],
      xLabel: "k",
      valueLabel: "overlap",
    });
    for (const trace of [polygon, line]) expect(trace).toMatchObject({ xaxis: "x3", yaxis: "y3" });
    expect((line.text as string[])[2]).toBe("k 3<br>overlap 30<br>sd 3<br>n 7");
  });
});

describe("colorBarTrace", () => {
  it("has a block of color for each index, in the middle of which the index stands", () => {
    const { marker } = colorBarTrace(3) as { marker: Record<string, unknown> };
    const scale = marker.colorscale as [number, string][];
    expect(scale).toHaveLength(8);
    for (let index = 0; index <= 3; index++) {
      const at = (index - (marker.cmin as number)) / ((marker.cmax as number) - (marker.cmin as number));
      const [low, high] = scale.slice(2 * index, 2 * index + 2);
      expect(at).toBeCloseTo((low[0] + high[0]) / 2, 10);
      expect([low[1], high[1]]).toEqual([shuffleColor(index, 3), shuffleColor(index, 3)]);
    }
  });
});

describe("layouts", () => {
  it("have what is asked for and the house style otherwise", () => {
    const layout = baseLayout({
      title: "t",
      xTitle: "layer",
      yTitle: "ID",
      yaxis: { range: [0, 1] },
      legend: "top right",
    });
    expect(layout).toMatchObject({ width: 560, height: 420, title: { text: "t" }, font: { size: 14 } });
    expect(layout.xaxis).toMatchObject({ title: { text: "layer" }, ticks: "outside" });
    expect(layout.yaxis).toMatchObject({ range: [0, 1] });
    expect(layout.legend).toMatchObject({ x: 0.98, xanchor: "right", y: 0.98, yanchor: "top" });
    expect(axis(undefined)).not.toHaveProperty("title");
  });

  it("divides a grid into panels that do not overlap, titles at its edges", () => {
    const layout = subplotLayout({
      rows: 2,
      columns: 3,
      xTitle: "layer",
      yTitle: "ID",
      sharedY: true,
      panelTitles: [..."abcdef"],
    });
    const domains = ["", "2", "3", "4", "5", "6"].map((suffix) => ({
      x: (layout[`xaxis${suffix}`] as { domain: number[] }).domain,
      y: (layout[`yaxis${suffix}`] as { domain: number[] }).domain,
    }));
    expect(domains[0].x[0]).toBe(0);
    expect(domains[2].x[1]).toBeCloseTo(1, 12);
    expect(domains[0].y[1]).toBeCloseTo(1, 12);
    expect(domains[5].y[0]).toBe(0);
    expect(domains[1].x[0]).toBeGreaterThan(domains[0].x[1]);
    expect(domains[0].y[0]).toBeGreaterThan(domains[3].y[1]);
    const titled = (name: string) => "title" in (layout[name] as object);
    expect(["xaxis", "xaxis4", "xaxis6"].map(titled)).toEqual([false, true, true]);
    expect(["yaxis", "yaxis2", "yaxis4"].map(titled)).toEqual([true, false, true]);
    expect(layout.yaxis5).toMatchObject({ matches: "y", showticklabels: false });
    expect((layout.annotations as { text: string }[]).map(({ text }) => text)).toEqual([..."abcdef"]);
  });
});

import { JSDOM } from "jsdom";
import { describe, expect, it } from "vitest";
import { parsePngChunks } from "../../../../tests/support/pngChunks";
import {
  bandFigure,
  colorBarFigure,
  heatMapFigure,
  histogramFigure,
  logarithmicFigure,
  panelsFigure,
  sampleFigures,
  scatterFigure,
} from "../../../../tests/support/sampleFigures";
import { symbolLetter, symbolOf } from "../../figures/styleForms";
import type { Figure } from "./figure";
import { measureText } from "./measureText";
import { renderPng, renderSvg } from "./render";

/** A parsed picture: throws if the text is not well-formed XML. */
function parse(svg: string): Document {
  return new JSDOM(svg, { contentType: "image/svg+xml" }).window.document;
}

function textsOf(document: Document): string[] {
  return [...document.querySelectorAll("text")].map((text) => (text.textContent ?? "").replaceAll("\u200b", ""));
}

/** Where a text is anchored on the page, its ancestors' translations added up. */
function positionOf(document: Document, content: string): { x: number; y: number } {
  const text = [...document.querySelectorAll("text")].find(
    (candidate) => candidate.textContent?.replaceAll("\u200b", "") === content,
  );
  if (!text) throw new Error(`no text ${content}`);
  const position = { x: Number(text.getAttribute("x")), y: Number(text.getAttribute("y")) };
  for (let node: Element | null = text; node; node = node.parentElement) {
    const moved = /translate\(([-\d.]+)[ ,]*([-\d.]*)\)/.exec(node.getAttribute("transform") ?? "");
    if (moved) {
      position.x += Number(moved[1]);
      position.y += Number(moved[2] || 0);
    }
  }
  return position;
}

describe("renderSvg", () => {
  it.each(sampleFigures.map((figure) => [figure.name, figure] as const))(
    "draws %s as well-formed SVG",
    async (_, figure) => {
      const svg = await renderSvg(figure);
      const document = parse(svg);
      expect(document.documentElement.tagName).toBe("svg");
      expect(Number(document.documentElement.getAttribute("width"))).toBe(figure.layout.width);
      expect(Number(document.documentElement.getAttribute("height"))).toBe(figure.layout.height);
      for (const element of document.querySelectorAll("*")) {
        for (const name of ["d", "transform", "x", "y", "width", "height", "style", "points"]) {
          expect(element.getAttribute(name) ?? "").not.toMatch(/NaN|undefined|Infinity/);
        }
      }
      expect(document.querySelector("desc")?.textContent).toBe(figure.caption);
    },
  );

  it("shows titles, tick labels and legend entries in the bundled font", async () => {
    const document = parse(await renderSvg(bandFigure));
    const texts = textsOf(document);
    for (const expected of [
      "Intrinsic dimension by layer",
      "layer",
      "intrinsic dimension (n2 = 2)",
      "S = 0",
      "S = 5",
      "10",
      "20",
      "30",
    ]) {
      expect(texts).toContain(expected);
    }
    for (const text of document.querySelectorAll("text")) {
      expect(text.getAttribute("style")).toMatch(/font-family: "?'?DejaVu Sans'?"?, Verdana, sans-serif/);
    }
  });

  it("draws a band as a closed polygon and the mean as a line over it", async () => {
    const document = parse(await renderSvg(bandFigure));
    const bands = [...document.querySelectorAll(".scatter path.js-fill")];
    expect(bands).toHaveLength(2);
    for (const band of bands) {
      expect(band.getAttribute("d")).toMatch(/Z$/);
      expect(band.getAttribute("style")).toContain("fill-opacity: 0.2");
    }
    expect(document.querySelectorAll(".scatter path.js-line").length).toBeGreaterThanOrEqual(2);
  });

  it("labels a logarithmic axis to base 2 with the powers, equally spaced", async () => {
    const document = parse(await renderSvg(logarithmicFigure));
    const ticks = [2, 4, 8, 16, 32, 64, 128, 256].map((tick) => positionOf(document, String(tick)).x);
    const steps = ticks.slice(1).map((x, index) => x - ticks[index]);
    for (const step of steps) expect(step).toBeCloseTo(steps[0], 1);
    expect(steps[0]).toBeGreaterThan(30);
  });

  it("draws a color bar with a block and a label for each shuffle index, inside the picture", async () => {
    const document = parse(await renderSvg(colorBarFigure));
    const ys = [0, 1, 2, 3, 4, 5].map((index) => {
      const ticks = [...document.querySelectorAll(".colorbar text")].filter(
        (text) => text.textContent === `${symbolLetter(symbolOf(index))} ${index}`,
      );
      expect(ticks).toHaveLength(1);
      return (
        Number(ticks[0].getAttribute("y")) + Number(/,([-\d.]+)\)/.exec(ticks[0].getAttribute("transform") ?? "")?.[1])
      );
    });
    for (let index = 1; index < ys.length; index++) expect(ys[index]).toBeLessThan(ys[index - 1]);
    expect(textsOf(document)).toContain("shuffleindex S");
    const stops = [...document.querySelectorAll("linearGradient stop")].map((stop) => stop.getAttribute("stop-color"));
    expect(stops).toHaveLength(12);
    expect([stops[0], stops[1], stops[11]]).toEqual(["rgb(100, 143, 255)", "rgb(100, 143, 255)", "rgb(254, 97, 0)"]);
  });

  it("places six panels in a grid, each under its title", async () => {
    const document = parse(await renderSvg(panelsFigure));
    const titles = [10, 20, 30, 40, 50, 60].map((prompt) => positionOf(document, `prompt ${prompt}`));
    expect(titles[0].y).toBeLessThan(titles[3].y);
    expect(titles[0].x).toBeLessThan(titles[1].x);
    expect(document.querySelectorAll(".cartesianlayer > .subplot")).toHaveLength(6);
  });

  it("draws a histogram's bars and a heat map's cells", async () => {
    expect(parse(await renderSvg(histogramFigure)).querySelectorAll(".barlayer .point path").length).toBeGreaterThan(
      30,
    );
    const image = parse(await renderSvg(heatMapFigure)).querySelector(".heatmaplayer image");
    const png = Buffer.from(image?.getAttribute("xlink:href")?.split(",")[1] ?? "", "base64");
    expect(png.readUInt32BE(16)).toBe(5);
    expect(png.readUInt32BE(20)).toBe(4);
  });

  it("gives the axis numbers the room they need", async () => {
    const wide: Figure = {
      ...bandFigure,
      data: [{ type: "scatter", x: [1, 2], y: [0, 2e-7] }],
      layout: { ...bandFigure.layout },
    };
    wide.layout.yaxis = { automargin: true, tickformat: ".12f", title: { text: "tiny" } };
    const document = parse(await renderSvg(wide));
    const label = positionOf(document, "0.000000200000");
    const width = measureText("0.000000200000", { size: 14, bold: false, italic: false, monospace: false }).width;
    expect(label.x - width).toBeGreaterThan(0);
  });

  it("makes points translucent by their fill, which keeps PDF files small", async () => {
    const svg = await renderSvg(scatterFigure);
    expect(svg.match(/<path class="point"[^>]*fill-opacity: 0\.4;/g)).toHaveLength(2000);
    expect(svg).not.toMatch(/<path class="point"[^>]*style="opacity/);
  });

  it("gives the same bytes twice, also when pictures are drawn at the same time", async () => {
    const alone = await renderSvg(bandFigure);
    const [again] = await Promise.all([renderSvg(bandFigure), renderSvg(panelsFigure), renderSvg(heatMapFigure)]);
    expect(again).toBe(alone);
  });

  it("draws in the colors of a theme, and leaves the figure as it was", async () => {
    const before = JSON.stringify(bandFigure);
    const dark = await renderSvg(bandFigure, { theme: "dark" });
    expect(dark).toContain("rgb(21, 24, 28)");
    expect(dark).not.toContain("rgb(34, 34, 34)");
    expect(dark).toContain("rgb(254, 97, 0)");
    expect(JSON.stringify(bandFigure)).toBe(before);
  });

  it("takes another size", async () => {
    const document = parse(await renderSvg(bandFigure, { width: 800, height: 300 }));
    expect(document.documentElement.getAttribute("width")).toBe("800");
    expect(document.documentElement.getAttribute("height")).toBe("300");
  });

  it("refuses what it does not know", async () => {
    await expect(renderSvg(bandFigure, { theme: "sepia" as "dark" })).rejects.toThrow(
      'unknown theme "sepia"; known ones are light, dark, print',
    );
    await expect(renderSvg(bandFigure, { width: Number.NaN })).rejects.toThrow("width NaN: give at least 10 pixels");
    await expect(renderSvg({ ...bandFigure, layout: { width: 0, height: 3 } })).rejects.toThrow(
      "needs a width and a height",
    );
    await expect(renderPng(bandFigure, { scale: 0 })).rejects.toThrow("scale 0");
    // A refusal does not stop later pictures.
    expect(await renderSvg(bandFigure)).toContain("<svg");
  });
});

describe("renderPng", () => {
  it("has the size times the scale, the resolution, and says what it is", async () => {
    const png = await renderPng(bandFigure, { scale: 2 });
    expect(png.subarray(0, 8).toString("latin1")).toBe("\x89PNG\r\n\x1a\n");
    const chunks = parsePngChunks(png);
    expect([chunks[0].content.readUInt32BE(0), chunks[0].content.readUInt32BE(4)]).toEqual([1120, 840]);
    const texts = Object.fromEntries(
      chunks.filter(({ type }) => type === "iTXt").map(({ content }) => content.toString("utf8").split("\0\0\0\0\0")),
    );
    expect(texts.Description).toBe(bandFigure.caption);
    expect(JSON.parse(texts.Provenance)).toEqual(bandFigure.provenance);
    const physical = chunks.find(({ type }) => type === "pHYs")!.content;
    expect(Math.round(physical.readUInt32BE(0) * 0.0254)).toBe(192);
  });

  it("paints the curves in their colors and keeps heat map cells crisp", async () => {
    const { createCanvas, loadImage } = await import("@napi-rs/canvas");
    const colorsOf = async (figure: Figure): Promise<Map<string, number>> => {
      const picture = await loadImage(await renderPng(figure, { scale: 1 }));
      const context = createCanvas(picture.width, picture.height).getContext("2d");
      context.drawImage(picture, 0, 0);
      const { data } = context.getImageData(0, 0, picture.width, picture.height);
      const counts = new Map<string, number>();
      for (let at = 0; at < data.length; at += 4) {
        const color = data.subarray(at, at + 3).join(",");
        counts.set(color, (counts.get(color) ?? 0) + 1);
      }
      return counts;
    };
    const band = await colorsOf(bandFigure);
    expect(band.get("254,97,0")).toBeGreaterThan(200);
    expect(band.get("255,255,255")).toBeGreaterThan(50_000);
    // 20 cells of some 6,600 pixels each; smoothed, no color would be that frequent.
    const cells = [...(await colorsOf(heatMapFigure)).values()].filter((count) => count > 5000);
    expect(cells.length).toBeGreaterThan(6);
  });
});

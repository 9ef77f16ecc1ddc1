import { createCanvas, loadImage } from "@napi-rs/canvas";
import { describe, expect, test } from "vitest";
import { scatterFigure } from "../../../../tests/support/sampleFigures";
import { renderPixels, renderPng } from "./render";
import { encodePalettePng, renderSmallPng } from "./renderSmallPng";

/** What a viewer makes of a PNG: red, green, blue, opacity. */
async function decode(png: Buffer): Promise<{ width: number; height: number; pixels: Uint8ClampedArray }> {
  const image = await loadImage(png);
  const context = createCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const { width, height, data } = context.getImageData(0, 0, image.width, image.height);
  return { width, height, pixels: data };
}

describe("a PNG with a palette", () => {
  test("is exact with few colors", async () => {
    const pixels = Uint8Array.from([
      255, 0, 0, 255, 0, 255, 0, 255, 1, 2, 3, 255, 250, 251, 252, 255, 0, 0, 0, 255, 9, 9, 9, 255,
    ]);
    const decoded = await decode(encodePalettePng(pixels, 3, 2));
    expect([decoded.width, decoded.height]).toEqual([3, 2]);
    expect([...decoded.pixels]).toEqual([...pixels]);
  });

  test("of a figure looks like it, and is less than half its size", async () => {
    const { pixels, width, height } = await renderPixels(scatterFigure, 1);
    const small = await renderSmallPng(scatterFigure);
    const decoded = await decode(small);
    expect([decoded.width, decoded.height]).toEqual([width, height]);
    expect([width, height]).toEqual([scatterFigure.layout.width, scatterFigure.layout.height]);
    const errors = pixels.map((value, i) => Math.abs(value - decoded.pixels[i]));
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(0.5);
    expect(errors.reduce((most, error) => Math.max(most, error), 0)).toBeLessThan(64);
    const full = await renderPng(scatterFigure, { scale: 1 });
    expect(small.length).toBeLessThan(full.length / 2);
  });
});

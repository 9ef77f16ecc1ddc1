import { deflateSync } from "node:zlib";
import { pngChunk } from "./exportMetadata";
import type { Figure } from "./figure";
import { renderPixels } from "./render";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const PALETTE_SIZE = 256;

/**
 * Draws a figure as a small PNG, one pixel for each CSS pixel, in 256 colors: for notebooks that are kept in a repository.
 * Errors as renderSvg.
 */
export async function renderSmallPng(figure: Figure): Promise<Buffer> {
  const { pixels, width, height } = await renderPixels(figure, 1);
  return encodePalettePng(pixels, width, height);
}

/**
 * A picture as a PNG with a palette. If it has more than 256 colors, those that are most frequent are kept, and each other
 * one becomes the nearest of them; charts have few colors besides the shades of their edges.
 *
 * @param pixels red, green, blue, opacity, a byte each, row by row; opacity is passed over
 *
 * Source: PNG specification, third edition, sections 9 and 11.
 */
export function encodePalettePng(pixels: Uint8Array, width: number, height: number): Buffer {
  const counts = new Map<number, number>();
  const colorAt = (index: number): number =>
    (pixels[4 * index] << 16) | (pixels[4 * index + 1] << 8) | pixels[4 * index + 2];
  for (let index = 0; index < width * height; index++) {
    const color = colorAt(index);
    counts.set(color, (counts.get(color) ?? 0) + 1);
  }
  const palette = paletteOf(counts);
  const places = new Map(palette.map((color, place) => [color, place]));
  // Rows start with a byte that names their filter: 0, none.
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const color = colorAt(y * width + x);
      let place = places.get(color);
      if (place === undefined) {
        place = nearest(palette, color);
        places.set(color, place);
      }
      rows[y * (width + 1) + 1 + x] = place;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8; // bits a pixel
  header[9] = 3; // color type: palette
  const colors = Buffer.from(palette.flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255]));
  return Buffer.concat([
    SIGNATURE,
    pngChunk("IHDR", header),
    pngChunk("PLTE", colors),
    pngChunk("IDAT", deflateSync(rows, { level: 9 })),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}

/** The most frequent colors, no two of them hardly different as long as there are others. */
function paletteOf(counts: Map<number, number>): number[] {
  const frequent = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([color]) => color);
  if (frequent.length <= PALETTE_SIZE) return frequent;
  const chosen: number[] = [];
  for (const color of frequent) {
    if (chosen.length === PALETTE_SIZE) break;
    if (chosen.every((other) => distance(color, other) > 120)) chosen.push(color);
  }
  return chosen;
}

function nearest(palette: readonly number[], color: number): number {
  let best = 0;
  for (let place = 1; place < palette.length; place++) {
    if (distance(palette[place], color) < distance(palette[best], color)) best = place;
  }
  return best;
}

/** Squared distance of two colors. */
function distance(a: number, b: number): number {
  return ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2;
}

import { dirname, join } from "node:path";
import type { SKRSContext2D } from "@napi-rs/canvas";

/**
 * What text is set in. DejaVu Sans is bundled, so pictures come out alike on every machine; Verdana, which it was drawn
 * after, stands in for it in viewers that lack it.
 */
export const FONT_FAMILY = "DejaVu Sans, Verdana, sans-serif";

const FILES = [
  "DejaVuSans.ttf",
  "DejaVuSans-Bold.ttf",
  "DejaVuSans-Oblique.ttf",
  "DejaVuSans-BoldOblique.ttf",
  "DejaVuSansMono.ttf",
  "DejaVuSansMono-Bold.ttf",
];

/** Paths of the bundled font files. */
export function fontFiles(): string[] {
  const folder = join(dirname(require.resolve("dejavu-fonts-ttf/package.json")), "ttf");
  return FILES.map((file) => join(folder, file));
}

/** How a run of text is set. */
export interface TextStyle {
  /** In CSS pixels. */
  size: number;
  bold: boolean;
  italic: boolean;
  monospace: boolean;
}

/** Extent of a run of text in CSS pixels; ascent and descent are the font's, not the letters'. */
export interface TextExtent {
  width: number;
  ascent: number;
  descent: number;
}

let context: SKRSContext2D | undefined;
const measured = new Map<string, TextExtent>();

/** Measures a run of text in the bundled fonts. */
export function measureText(text: string, style: TextStyle): TextExtent {
  const family = style.monospace ? "DejaVu Sans Mono" : "DejaVu Sans";
  const font = `${style.italic ? "italic " : ""}${style.bold ? "bold " : ""}${style.size}px "${family}"`;
  const key = `${font}|${text}`;
  const known = measured.get(key);
  if (known) return known;
  if (!context) {
    const canvas: typeof import("@napi-rs/canvas") = require("@napi-rs/canvas");
    for (const file of fontFiles()) canvas.GlobalFonts.registerFromPath(file);
    context = canvas.createCanvas(1, 1).getContext("2d");
  }
  context.font = font;
  const metrics = context.measureText(text);
  const extent = {
    width: metrics.width,
    // Browsers round the ascent and the descent of a font to whole pixels.
    ascent: Math.round(metrics.fontBoundingBoxAscent),
    descent: Math.round(metrics.fontBoundingBoxDescent),
  };
  if (measured.size > 20_000) measured.clear();
  measured.set(key, extent);
  return extent;
}

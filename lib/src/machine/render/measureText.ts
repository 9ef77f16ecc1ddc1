import type { SKRSContext2D } from "@napi-rs/canvas";
import { fontFiles } from "./fonts";
import { rareLetters } from "./letters";

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

/** Fonts of the machine that the canvas knows, by their files. */
const registered = new Map<string, string>();

/** A style as a canvas takes it, with fonts for the letters of a text that the bundled ones lack. */
export function canvasFont(text: string, style: TextStyle): string {
  const { GlobalFonts }: typeof import("@napi-rs/canvas") = require("@napi-rs/canvas");
  if (registered.size === 0)
    for (const file of fontFiles()) registered.set(file, GlobalFonts.registerFromPath(file) ? file : "");
  const others = rareLetters(text).files.map((file) => {
    const family = registered.get(file) ?? `system ${registered.size}`;
    if (!registered.has(file)) GlobalFonts.registerFromPath(file, family);
    registered.set(file, family);
    return family;
  });
  const families = [style.monospace ? "DejaVu Sans Mono" : "DejaVu Sans", ...others].map((family) => `"${family}"`);
  return `${style.italic ? "italic " : ""}${style.bold ? "bold " : ""}${style.size}px ${families.join(", ")}`;
}

/** Measures a run of text in the bundled fonts, and in others where these lack letters. */
export function measureText(text: string, style: TextStyle): TextExtent {
  const font = canvasFont(text, style);
  const key = `${font}|${text}`;
  const known = measured.get(key);
  if (known) return known;
  if (!context) {
    const canvas: typeof import("@napi-rs/canvas") = require("@napi-rs/canvas");
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

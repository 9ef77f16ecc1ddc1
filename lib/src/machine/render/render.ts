import { createHash } from "node:crypto";
import { UserError } from "../support/errors";
import { embedInPng, embedInSvg } from "./exportMetadata";
import type { Figure } from "./figure";
import { fontFiles } from "./fonts";
import { rareLetters, withSpecks, writtenIn } from "./letters";
import { plainFigure, type Theme } from "./renderTheme";
import { plotlyWindow } from "./renderWindow";

/** How a figure is drawn. */
export interface RenderOptions {
  /** In CSS pixels; the figure's own size by default. */
  width?: number;
  height?: number;
  /** Pixels of a PNG for each CSS pixel; 3 by default (288 dpi). */
  scale?: number;
  /** "light" by default. */
  theme?: Theme;
}

// Plotly's random numbers belong to the window, so that one picture is drawn after the other.
let queue: Promise<unknown> = Promise.resolve();

/** Pictures by what they were drawn from: a figure is shown, then exported in four formats. */
const drawn = new Map<string, string>();

/** Letters of pictures that are kept, the latest ones. */
const MOST_KEPT = 2 ** 24;

/**
 * Draws a figure as SVG, without a browser. The same figure gives the same bytes every time.
 *
 * @throws UserError on an unknown theme or a size that is not a positive number, or if Plotly refuses the figure
 */
export function renderSvg(figure: Figure, options: RenderOptions = {}): Promise<string> {
  const picture = queue.then(() => draw(figure, options));
  queue = picture.catch(() => undefined);
  return picture;
}

/** Draws a figure as PNG. Errors as {@link renderSvg}. */
export async function renderPng(figure: Figure, options: RenderOptions = {}): Promise<Buffer> {
  const scale = options.scale ?? 3;
  if (!(scale > 0 && scale <= 20)) throw new UserError(`scale ${scale}: give a number above 0, at most 20`);
  const picture = resvg(await renderSvg(figure, options), scale).render();
  return embedInPng(picture.asPng(), figure, 96 * scale);
}

/** The picture as it is on a screen: red, green, blue, opacity of every pixel, row by row. Errors as {@link renderSvg}. */
export async function renderPixels(
  figure: Figure,
  scale: number,
): Promise<{ pixels: Uint8Array; width: number; height: number }> {
  const { pixels, width, height } = resvg(await renderSvg(figure), scale).render();
  return { pixels, width, height };
}

/** The picture with every letter as a path and all styles resolved, for what can only draw simple SVG. */
export async function renderOutlines(figure: Figure, options: RenderOptions = {}): Promise<string> {
  return outlinesOf(await renderSvg(figure, options));
}

/** A picture with every letter as a path. */
export const outlinesOf = (svg: string): string => resvg(svg, 1).toString();

function resvg(svg: string, scale: number): import("@resvg/resvg-js").Resvg {
  const { Resvg }: typeof import("@resvg/resvg-js") = require("@resvg/resvg-js");
  // Cells of heat maps are to be crisp: Plotly says so with a style that only browsers know.
  const crisp = svg.replaceAll("image-rendering: pixelated", "image-rendering: optimizeSpeed");
  return new Resvg(withSpecks(crisp), {
    fitTo: { mode: "zoom", value: scale },
    font: {
      loadSystemFonts: false,
      fontFiles: [...fontFiles(), ...rareLetters(writtenIn(svg)).files],
      defaultFontFamily: "DejaVu Sans",
      sansSerifFamily: "DejaVu Sans",
      monospaceFamily: "DejaVu Sans Mono",
    },
  });
}

async function draw(figure: Figure, options: RenderOptions): Promise<string> {
  const { data, layout } = plainFigure(figure, options.theme);
  const size = { width: options.width ?? layout.width, height: options.height ?? layout.height };
  for (const [side, value] of Object.entries(size)) {
    if (!(Number.isFinite(value) && value >= 10)) throw new UserError(`${side} ${value}: give at least 10 pixels`);
  }
  const json = JSON.stringify({ data, layout: { ...layout, ...size } });
  const key = createHash("sha256").update(json).digest("base64");
  const picture = drawn.get(key) ?? (await drawAfresh(json, size));
  keep(key, picture);
  return embedInSvg(picture, figure);
}

async function drawAfresh(json: string, size: { width: number; height: number }): Promise<string> {
  const window = await plotlyWindow();
  window.seed(json);
  try {
    const svg = await window.plotly.toImage(window.parse(json), { format: "svg", imageDataOnly: true, ...size });
    return withoutGroupOpacity(svg);
  } finally {
    window.forget();
  }
}

/** Remembers a picture as the latest, and forgets the oldest ones when there are too many. */
function keep(key: string, picture: string): void {
  drawn.delete(key);
  drawn.set(key, picture);
  let letters = 0;
  for (const kept of drawn.values()) letters += kept.length;
  for (const [oldest, kept] of drawn) {
    if (letters <= MOST_KEPT) break;
    drawn.delete(oldest);
    letters -= kept.length;
  }
}

/**
 * Makes the fill of scatter points translucent where Plotly makes the whole point so: for points without an outline it is
 * the same to the eye, and each would otherwise be a layer of its own (slow to draw, half a kilobyte in a PDF).
 */
function withoutGroupOpacity(svg: string): string {
  return svg.replaceAll(
    /(<path class="point"[^>]*style=")opacity: ([\d.]+); (stroke-width: 0px; fill: [^;"]+; )fill-opacity: ([\d.]+);/g,
    (_, start: string, opacity: string, fill: string, fillOpacity: string) =>
      `${start}${fill}fill-opacity: ${Number((Number(opacity) * Number(fillOpacity)).toPrecision(6))};`,
  );
}

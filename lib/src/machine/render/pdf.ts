import { metadataOf, PROVENANCE_KEY } from "./exportMetadata";
import type { Figure } from "./figure";
import { type RenderOptions, renderOutlines } from "./render";

/** Points (1/72 inch) in a CSS pixel (1/96 inch). */
const POINTS = 0.75;

/**
 * Draws a figure as a PDF of one page of the picture's size. Letters are drawn as paths, so that no font is needed.
 * The same figure gives the same bytes every time. Errors as renderSvg.
 */
export async function renderPdf(figure: Figure, options: RenderOptions = {}): Promise<Buffer> {
  const [width, height] = [options.width ?? figure.layout.width, options.height ?? figure.layout.height];
  const PdfDocument: typeof import("pdfkit") = require("pdfkit");
  const { title, caption, software, provenance } = metadataOf(figure);
  // A fixed date, as reproducible builds have it: by default it would be the present moment.
  const info = { Title: title, Subject: caption, Creator: software, Producer: software, CreationDate: new Date(0) };
  const document = new PdfDocument({ size: [width * POINTS, height * POINTS], margin: 0, info });
  (document.info as Record<string, unknown>)[PROVENANCE_KEY] = provenance;
  const pieces: Buffer[] = [];
  document.on("data", (piece: Buffer) => pieces.push(piece));
  const finished = new Promise<void>((resolve, reject) => {
    document.on("end", resolve);
    document.on("error", reject);
  });
  await drawOnPdf(document, figure, 0, 0, POINTS, options);
  document.end();
  await finished;
  return Buffer.concat(pieces);
}

/**
 * Draws a figure on the current page of a document, as vector graphics. Errors as renderSvg.
 *
 * @param x left edge, in points as `y`, the upper edge
 * @param scale points for each CSS pixel
 */
export async function drawOnPdf(
  document: PDFKit.PDFDocument,
  figure: Figure,
  x: number,
  y: number,
  scale: number,
  options: RenderOptions = {},
): Promise<void> {
  const svg = withViewports(withoutTroublesome(await renderOutlines(figure, options)));
  const size = { width: options.width ?? figure.layout.width, height: options.height ?? figure.layout.height };
  drawSvgOnPdf(document, svg, x, y, size, scale);
}

/**
 * Draws a picture whose letters are paths on the current page of a document.
 *
 * @param x left edge, in points as `y`, the upper edge
 * @param size of the picture, in CSS pixels
 * @param scale points for each CSS pixel
 */
export function drawSvgOnPdf(
  document: PDFKit.PDFDocument,
  svg: string,
  x: number,
  y: number,
  size: { width: number; height: number },
  scale: number = POINTS,
): void {
  const svgToPdf: typeof import("svg-to-pdfkit") = require("svg-to-pdfkit");
  // svg-to-pdfkit itself would clip the picture, not scale it, since it has no view box.
  document
    .save()
    .translate(x, y)
    .scale(scale / POINTS);
  svgToPdf(document, svg, 0, 0, {
    assumePt: false,
    width: size.width * POINTS,
    height: size.height * POINTS,
    warningCallback: () => undefined,
  });
  document.restore();
}

/** Rewrites what svg-to-pdfkit gets wrong: dashes of length zero, and a transparency group for each translucent shape. */
function withoutTroublesome(svg: string): string {
  return svg
    .replaceAll(/stroke-dasharray="([^"]*)"/g, (_, dashes: string) => {
      const lengths = dashes.split(/[\s,]+/).map((dash) => (Number(dash) === 0 ? "0.0001" : dash));
      return `stroke-dasharray="${lengths.join(" ")}"`;
    })
    .replaceAll(/<path\b[^>]*\sopacity="[^"]*"[^>]*>/g, (path) =>
      path.includes('stroke="none"') || !path.includes("stroke=") ? path.replace(/\sopacity=/, " fill-opacity=") : path,
    );
}

/**
 * Makes of groups that a rectangle clips (each plot is one) inner pictures of that size, which clip as well: svg-to-pdfkit
 * would go through all paths of such a group for a box that it then does not need, and make a transparency group of it.
 */
function withViewports(svg: string): string {
  const rectangle =
    /<clipPath id="([^"]+)">\s*<path [^>]*d="M (\S+) (\S+) L (\S+) \3 L \4 (\S+) L \2 \5 Z"\/>\s*<\/clipPath>/g;
  const viewports = new Map(
    [...svg.matchAll(rectangle)].map(([, id, ...sides]) => {
      const [left, top, right, bottom] = sides.map(Number);
      const size = `width="${right - left}" height="${bottom - top}"`;
      return [id, `<svg x="${left}" y="${top}" ${size} viewBox="${left} ${top} ${right - left} ${bottom - top}">`];
    }),
  );
  const open: string[] = []; // what the lines that end such groups look like: resvg indents
  const lines = svg.split("\n").map((line) => {
    const [, indent, before, id, after] = /^( *)<g(.*) clip-path="url\(#([^)]+)\)"(.*)>$/.exec(line) ?? [];
    const viewport = viewports.get(id);
    if (viewport) {
      open.push(`${indent}</g>`);
      return `${indent}<g${before}${after}>${viewport}`;
    }
    if (line !== open.at(-1)) return line;
    open.pop();
    return line.replace("</g>", "</svg></g>");
  });
  return lines.join("\n");
}

import { UserError } from "../support/errors";
import { drawElsewhere } from "./drawingClient";
import type { DrawingRequest, Format } from "./drawingRequest";
import type { Figure } from "./figure";
import { renderHtml } from "./html";
import { renderPdf } from "./pdf";
import { type RenderOptions, renderPng, renderSvg } from "./render";

/** File formats a figure can be drawn in. */
export const FORMATS: readonly ["svg", "pdf", "png", "html"] = ["svg", "pdf", "png", "html"];

const RENDERERS: Record<Format, (figure: Figure, options: RenderOptions) => Promise<string | Buffer>> = {
  svg: renderSvg,
  pdf: renderPdf,
  png: renderPng,
  html: renderHtml,
};

/** @throws UserError naming the known formats if this is none of them */
export function checkFormat(format: string): void {
  if (Object.hasOwn(RENDERERS, format)) return;
  throw new UserError(`unknown figure format "${format}"; known ones are ${FORMATS.join(", ")}`);
}

/**
 * Draws a figure, in the process that draws for all notebooks of a run if there is one: loading Plotly and drawing the first
 * picture take a second and more. Errors as renderSvg.
 */
export async function drawFigure(figure: Figure, format: Format, options: RenderOptions): Promise<string | Buffer> {
  return (await drawElsewhere({ figure, format, options })) ?? drawHere({ figure, format, options });
}

/** As {@link drawFigure}, in this process. */
export function drawHere({ figure, format, options }: DrawingRequest): Promise<string | Buffer> {
  return RENDERERS[format](figure, options);
}

import type { Figure } from "./figure";
import type { RenderOptions } from "./render";

export type Format = "svg" | "pdf" | "png" | "html";

/** What is to be drawn. */
export interface DrawingRequest {
  figure: Figure;
  format: Format;
  options: RenderOptions;
}

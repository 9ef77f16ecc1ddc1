import { writeFileAtomically } from "../support/files";
import { checkFormat, drawFigure, FORMATS } from "./drawing";
import type { Described } from "./exportMetadata";
import type { Figure } from "./figure";
import { figurePath } from "./figureFolder";
import { missingLettersNote, writtenIn } from "./letters";

export { FORMATS } from "./drawing";
export type { Format } from "./drawingRequest";

/** Where a figure is exported to, as what, and how it is drawn. */
export interface ExportOptions {
  /** All four by default. */
  formats?: ("svg" | "pdf" | "png" | "html")[];
  /**
   * By default `figures` in the folder that the environment variable TOKEN_GEOMETRY_OUT names (the notebook runner sets
   * it), or in `out` of the project.
   */
  folder?: string;
  /** File name without extension; the figure's name by default. */
  name?: string;
  /** In CSS pixels; the figure's own size by default. */
  width?: number;
  height?: number;
  /** Pixels of a PNG for each CSS pixel; 3 by default (288 dpi). */
  scale?: number;
  /** "light" by default. */
  theme?: "light" | "dark" | "print";
}

/**
 * Draws a figure without a browser and writes it, one file a format.
 *
 * @returns the paths of the files, in the order of the formats
 * @throws UserError on an unknown format or theme (naming the known ones), a bad name or size, a name under which another
 *   notebook of the same run has exported a figure, or a folder that cannot be written; no half-written file is left
 * @example
 * const data = [{ type: "bar", y: [1, 3, 2] }];
 * const figure = { name: "bars", caption: "Three bars.", data, layout: { width: 300, height: 200 } };
 * (await exportFigure(figure, { formats: ["svg"] })).length; // 1
 */
export async function exportFigure(figure: Figure, options: ExportOptions = {}): Promise<string[]> {
  const formats = options.formats ?? [...FORMATS];
  formats.forEach(checkFormat);
  const name = options.name ?? figure.name;
  const paths = formats.map((format) => figurePath(name, format, options.folder));
  exported.set(name, { name: figure.name, caption: figure.caption, provenance: figure.provenance });
  for (const [i, path] of paths.entries()) writeFileAtomically(path, await drawFigure(figure, formats[i], options));
  const note = missingLettersNote(writtenIn(String(await drawFigure(figure, "svg", options))));
  if (note) console.warn(`${name}: ${note}`);
  return paths;
}

/** What was exported by this process, by the name of its files. */
const exported = new Map<string, Described>();

/** What a figure says of itself that this process has exported under a name; its tables say the same. */
export function exportedFigure(name: string): Described | undefined {
  return exported.get(name);
}

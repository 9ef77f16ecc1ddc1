import type { Figure, FigureParts } from "../machine/render/figure";
import { UserError } from "../machine/support/errors";
import { type AnyRow, distinct, refuseNamesakes } from "../results/row";
import { missingInWords, notesOn, provenanceOf } from "../results/wording";
import { MOST_LOOKS } from "./styleModels";
import { verbatim, visibleName, withNames } from "./verbatim";

/** What there is to know of a figure before it is made. */
export interface FigureEntry {
  /** As the paper counts: "3", or "20 and Table 1". */
  number: string;
  /** Name of the figure and of its exported files: "fig03". */
  name: string;
  /** What it shows, in a few words. */
  title: string;
  /** Its notebook, without ".ipynb"; it begins with the name. */
  notebook: string;
}

/** How a figure is made of rows. */
interface FigureOfRows<R extends AnyRow, Options> extends Omit<FigureEntry, "name"> {
  /** What the rows show, in words that follow from them. */
  caption(rows: readonly R[], options: Options): string;
  /** Names in the rows are as Plotly takes them, see {@link verbatim}. */
  draw(rows: readonly R[], options: Options): FigureParts;
}

/** A figure of the paper: `draw` makes it of tidy rows, with the caption and the provenance that follow from them. */
export interface PaperFigure<R extends AnyRow, Options> extends FigureEntry {
  caption(rows: readonly R[], options?: Options): string;
  /** @throws UserError if there are no rows, or two models in them have one name */
  draw(rows: readonly R[], options?: Options): Figure;
}

/** A figure of the paper from how it is made of rows. */
export function defineFigure<R extends AnyRow, Options extends object = Record<never, never>>(
  figure: FigureOfRows<R, Options>,
): PaperFigure<R, Options> {
  const { number, title, notebook } = figure;
  const name = nameOf(notebook);
  const caption = (rows: readonly R[], options = {} as Options) => {
    const words = figure.caption(withNames(rows, visibleName), options);
    return [words, ...missingInWords(rows), ...notesOn(rows), ...noteOnLooks(rows)].join(" ");
  };
  const draw = (rows: readonly R[], options = {} as Options): Figure => {
    if (rows.length === 0) throw new UserError(`figure ${number}: there are no rows to draw`);
    refuseNamesakes(rows);
    const { data, layout } = figure.draw(withNames(rows, verbatim), options);
    return { name, caption: caption(rows, options), data, layout, provenance: provenanceOf(rows) };
  };
  return { number, name, title, notebook, caption, draw };
}

/** What is said of more curves than there are looks. */
function noteOnLooks(rows: readonly AnyRow[]): string[] {
  const models = distinct(rows, ({ model }) => model).length;
  return models > MOST_LOOKS ? [`Of ${models} models some look alike: there are ${MOST_LOOKS} looks.`] : [];
}

/** "fig03" of "fig03-intrinsic-dimension". */
export const nameOf = (notebook: string): string => notebook.slice(0, "fig00".length);

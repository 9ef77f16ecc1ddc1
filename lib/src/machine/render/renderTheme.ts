import { UserError } from "../support/errors";
import type { Figure } from "./figure";
import { FONT_FAMILY } from "./fonts";

/** Colors of what is not data. Figures use these; a picture replaces them by those of another theme. */
export const INK = "#222222";
export const GRID = "#E3E3E3";
export const PAPER = "#FFFFFF";
/** Regions that are pointed out, behind the curves. */
export const HIGHLIGHT = "#DDDDDD";

/** How pictures can look: on a white page, on a dark screen, in print (black ink, fainter grid). */
export const THEMES = ["light", "dark", "print"] as const;
export type Theme = "light" | "dark" | "print";

/** What each of the colors that are not data becomes. */
const REPLACEMENTS: Record<Theme, Record<string, string>> = {
  light: {},
  dark: { [INK]: "#E8E8E8", [GRID]: "#3A3F47", [PAPER]: "#15181C", [HIGHLIGHT]: "#3A3F47" },
  print: { [INK]: "#000000", [GRID]: "#EFEFEF" },
};

/**
 * The figure as plain data (typed arrays as arrays, what is not a number as null), with the font and the backgrounds that
 * it does not name itself, in the colors of a theme.
 *
 * @param precision significant digits that numbers of traces are rounded to; all of them if left out
 * @throws UserError on an unknown theme, or a figure without traces or size
 */
export function plainFigure(figure: Figure, theme: Theme = "light", precision?: number): Figure {
  if (!THEMES.includes(theme)) {
    throw new UserError(`unknown theme "${theme}"; known ones are ${THEMES.join(", ")}`);
  }
  if (!(figure.layout?.width > 0 && figure.layout?.height > 0)) {
    throw new UserError(`figure ${figure.name}: its layout needs a width and a height in pixels`);
  }
  const font = { family: FONT_FAMILY, size: 14, color: INK, ...(figure.layout.font as Record<string, unknown>) };
  const layout = { paper_bgcolor: PAPER, plot_bgcolor: PAPER, ...figure.layout, font };
  const colors = REPLACEMENTS[theme];
  const round = (value: unknown): unknown =>
    typeof value !== "number"
      ? value
      : !Number.isFinite(value)
        ? null
        : precision
          ? Number(value.toPrecision(precision))
          : value;
  const plain = (value: unknown, change: (leaf: unknown) => unknown): unknown => {
    if (ArrayBuffer.isView(value)) return Array.from(value as Float32Array, change);
    if (Array.isArray(value)) return value.map((item) => plain(item, change));
    if (value !== null && typeof value === "object") {
      const entries = Object.entries(value).filter(([, item]) => item !== undefined && typeof item !== "function");
      return Object.fromEntries(entries.map(([key, item]) => [key, plain(item, change)]));
    }
    return typeof value === "string" ? (colors[value.toUpperCase()] ?? value) : change(value);
  };
  return {
    ...figure,
    data: plain(figure.data, round) as Figure["data"],
    layout: plain(layout, (value) =>
      typeof value === "number" && !Number.isFinite(value) ? null : value,
    ) as Figure["layout"],
  };
}

/** What tells curves apart without color: in gray print, and for color-blind readers. */
export interface Form {
  dash: "solid" | "dash" | "dot" | "dashdot" | "longdash" | "longdashdot";
  /** Plotly's name of the marker's shape. */
  symbol: string;
}

const DASHES: readonly Form["dash"][] = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];

/** Shapes of markers that can be told apart at six pixels, each with the letter that looks like it. */
const MARKERS: readonly (readonly [symbol: string, letter: string])[] = [
  ["circle", "●"],
  ["square", "■"],
  ["diamond", "◆"],
  ["triangle-up", "▲"],
  ["cross", "✚"],
  ["x", "✖"],
  ["triangle-down", "▼"],
  ["star", "★"],
  ["triangle-left", "◄"],
  ["triangle-right", "►"],
  ["bowtie", "⧓"],
  ["star-diamond", "✦"],
];

/** How many markers and how many forms there are. */
export const SYMBOLS: number = MARKERS.length;
export const FORMS: number = DASHES.length * SYMBOLS;

/** A form by its number; the first ones differ in dash and marker. From {@link FORMS} on they repeat. */
export function formOf(index: number): Form {
  const round = Math.floor(index / SYMBOLS);
  return { symbol: symbolOf(index), dash: DASHES[(index + round) % DASHES.length] };
}

/** The marker of a number; from {@link SYMBOLS} on they repeat. */
export const symbolOf = (index: number): string => MARKERS[index % SYMBOLS][0];

/** A marker as a letter. */
export const symbolLetter = (symbol: string): string => MARKERS.find(([name]) => name === symbol)?.[1] ?? "";

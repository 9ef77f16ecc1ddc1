export { GRID, HIGHLIGHT, INK, PAPER } from "../machine/render/renderTheme";

/** Colors of the models, the paper's. */
export const MODEL_COLORS: Record<"llama" | "mistral" | "pythia" | "opt", string> = {
  llama: "#FE6100",
  mistral: "#DC267F",
  pythia: "#648FFF",
  opt: "#FFB000",
};

// From the paper's blue for S = 0 to its orange for S = 5 through the two colors between them in the same palette (IBM's
// for color-blind readers): straight from blue to orange the middle would be gray.
const SHUFFLE_STOPS: [number, number, number][] = [
  [0x64, 0x8f, 0xff],
  [0x78, 0x5e, 0xf0],
  [0xdc, 0x26, 0x7f],
  [0xfe, 0x61, 0x00],
];

/** The same as Plotly reads them, from blue to orange. */
export const SHUFFLE_COLORS: readonly string[] = SHUFFLE_STOPS.map((channels) => `rgb(${channels.join(",")})`);

/**
 * Color of a shuffle index: blue for the prompt as it is, orange for the full permutation.
 *
 * @param index 0..maximum
 * @param maximum the largest index shown, 5 in the paper
 */
export function shuffleColor(index: number, maximum = 5): string {
  const position = Math.min(Math.max(maximum > 0 ? index / maximum : 0, 0), 1) * (SHUFFLE_STOPS.length - 1);
  const stop = Math.min(Math.floor(position), SHUFFLE_STOPS.length - 2);
  const [from, to] = [SHUFFLE_STOPS[stop], SHUFFLE_STOPS[stop + 1]];
  const channels = from.map((value, channel) => Math.round(value + (position - stop) * (to[channel] - value)));
  return `#${channels.map((value) => value.toString(16).padStart(2, "0")).join("")}`.toUpperCase();
}

/** A color with an opacity, as Plotly reads it. `color` is #RRGGBB. */
export function withOpacity(color: string, opacity: number): string {
  const channels = [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16));
  return `rgba(${channels.join(",")},${opacity})`;
}

/** From crowded (blue) over neither (near white) to sparse (orange), light enough for dark text on them. */
export const SPACING_COLORS: readonly string[] = ["#648FFF", "#B9CBFF", "#F4F4F4", "#FFCDA8", "#FE6100"];

/** Color of a token by the share of tokens that have less room than it, 0 to 1. */
export function spacingColor(share: number): string {
  const position = Math.min(Math.max(share, 0), 1) * (SPACING_COLORS.length - 1);
  const stop = Math.min(Math.floor(position), SPACING_COLORS.length - 2);
  const channels = [1, 3, 5].map((start) => {
    const [from, to] = [SPACING_COLORS[stop], SPACING_COLORS[stop + 1]].map((color) =>
      Number.parseInt(color.slice(start, start + 2), 16),
    );
    return Math.round(from + (position - stop) * (to - from));
  });
  return `#${channels.map((value) => value.toString(16).padStart(2, "0")).join("")}`.toUpperCase();
}

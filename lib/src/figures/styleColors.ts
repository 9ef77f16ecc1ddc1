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
export const SHUFFLE_COLORS: readonly string[] = ["#648FFF", "#785EF0", "#DC267F", "#FE6100"];

/**
 * Color of a shuffle index: blue for the prompt as it is, orange for the full permutation.
 *
 * @param index 0..maximum
 * @param maximum the largest index shown, 5 in the paper
 */
export function shuffleColor(index: number, maximum = 5): string {
  return between(SHUFFLE_COLORS, maximum > 0 ? index / maximum : 0);
}

/** A color with an opacity, as Plotly reads it. `color` is #RRGGBB. */
export function withOpacity(color: string, opacity: number): string {
  return `rgba(${channelsOf(color).join(",")},${opacity})`;
}

/** A color mixed with black, `shade` of it from 0 to 1. `color` is #RRGGBB. */
export function shaded(color: string, shade: number): string {
  return hexOf(channelsOf(color).map((value) => value * (1 - shade)));
}

/**
 * How light a color (#RRGGBB) is to the eye, and in gray print: CIE L*, 0 for black to 100 for white.
 *
 * @see IEC 61966-2-1 (sRGB) and CIE 15 (L*)
 */
export function lightness(color: string): number {
  const [red, green, blue] = channelsOf(color).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return luminance > 216 / 24389 ? 116 * Math.cbrt(luminance) - 16 : (luminance * 24389) / 27;
}

/** Red, green, blue, 0 to 255. */
function channelsOf(color: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16));
}

function hexOf(channels: readonly number[]): string {
  return `#${channels.map((value) => Math.round(value).toString(16).padStart(2, "0")).join("")}`.toUpperCase();
}

/** From crowded (blue) over neither (near white) to sparse (orange), light enough for dark text on them. */
export const SPACING_COLORS: readonly string[] = ["#648FFF", "#B9CBFF", "#F4F4F4", "#FFCDA8", "#FE6100"];

/** Color of a token by the share of tokens that have less room than it, 0 to 1. */
export function spacingColor(share: number): string {
  return between(SPACING_COLORS, share);
}

/** A color of a scale with stops at equal distances; `share` is 0 to 1. */
function between(stops: readonly string[], share: number): string {
  const position = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const stop = Math.min(Math.floor(position), stops.length - 2);
  const [from, to] = [channelsOf(stops[stop]), channelsOf(stops[stop + 1])];
  return hexOf(from.map((value, channel) => value + (position - stop) * (to[channel] - value)));
}

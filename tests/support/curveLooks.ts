import { lightness } from "../../lib/src/figures/styleColors";
import type { Figure } from "../../lib/src/machine/render/figure";
import { plainFigure, type Theme } from "../../lib/src/machine/render/renderTheme";

/** What a curve looks like. */
export interface CurveLook {
  name: string;
  color: string;
  dash: string;
  symbol: string;
}

/** Each panel's curves in a theme, those that are explained by one legend entry or one color once. */
export function curveLooks(figure: Figure, theme: Theme = "print"): CurveLook[][] {
  const panels = new Map<unknown, Map<string, CurveLook>>();
  for (const trace of plainFigure(figure, theme).data) {
    const { name, xaxis, mode = "", line, marker, fill, x } = trace;
    const isShown = fill !== "toself" && mode !== "none" && (x as unknown[])?.some((value) => value !== null);
    if (!isShown) continue;
    const symbol = String([marker?.symbol ?? ""].flat()[0]).replace(/-open$/, "");
    const look = {
      name: String(name),
      color: String((mode.includes("lines") ? line?.color : undefined) ?? marker?.color),
      dash: mode.includes("lines") ? (line?.dash ?? "solid") : "none",
      symbol: mode.includes("markers") ? symbol : "none",
    };
    const panel = panels.get(xaxis) ?? new Map();
    panels.set(xaxis, panel.set(JSON.stringify(look), look));
  }
  return [...panels.values()].map((looks) => [...looks.values()]);
}

/** Pairs of a panel's curves that nobody can tell apart by their form or by `differ`. */
export function alike(
  looks: readonly CurveLook[],
  differ: (first: string, second: string) => boolean,
): [string, string][] {
  return looks.flatMap((first, index) =>
    looks
      .slice(index + 1)
      .filter(
        ({ dash, symbol, color }) => dash === first.dash && symbol === first.symbol && !differ(first.color, color),
      )
      .map(({ name }): [string, string] => [first.name, name]),
  );
}

/** In gray: fifteen steps of the hundred from black to white. */
export const differInGray = (first: string, second: string): boolean =>
  Math.abs(lightness(first) - lightness(second)) >= 15;

/**
 * Deuteranopia in linear sRGB.
 *
 * @see Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE TVCG 15 (2009), severity 1
 */
const DEUTERANOPIA = [
  [0.367322, 0.860646, -0.227968],
  [0.280085, 0.672501, 0.047413],
  [-0.01182, 0.04294, 0.968881],
];

/** To who sees no green: a distance of fifteen in CIE L*a*b*. */
export function differToDeuteranopes(first: string, second: string): boolean {
  const [a, b] = [first, second].map((color) => labOf(times(DEUTERANOPIA, linear(color))));
  return Math.hypot(...a.map((value, i) => value - b[i])) >= 15;
}

const linear = (color: string): number[] =>
  [1, 3, 5].map((start) => {
    const share = Number.parseInt(color.slice(start, start + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });

const times = (matrix: readonly number[][], vector: readonly number[]): number[] =>
  matrix.map((row) => row.reduce((sum, value, i) => sum + value * vector[i], 0));

/** Of sRGB's primaries and white (IEC 61966-2-1). */
const TO_XYZ = [
  [0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505],
  [0.2126, 0.7152, 0.0722],
  [0.0193 / 1.089, 0.1192 / 1.089, 0.9505 / 1.089],
];

function labOf(color: readonly number[]): number[] {
  const [x, y, z] = times(TO_XYZ, color).map((value) =>
    value > 216 / 24389 ? Math.cbrt(value) : (24389 / 27 / 116) * value + 16 / 116,
  );
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

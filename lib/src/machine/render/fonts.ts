import { dirname, join } from "node:path";

/**
 * What text is set in. DejaVu Sans is bundled, so pictures come out alike on every machine; Verdana, which it was drawn
 * after, stands in for it in viewers that lack it.
 */
export const FONT_FAMILY = "DejaVu Sans, Verdana, sans-serif";

const FILES = [
  "DejaVuSans.ttf",
  "DejaVuSans-Bold.ttf",
  "DejaVuSans-Oblique.ttf",
  "DejaVuSans-BoldOblique.ttf",
  "DejaVuSansMono.ttf",
  "DejaVuSansMono-Bold.ttf",
];

/** Paths of the bundled font files. */
export function fontFiles(): string[] {
  const folder = join(dirname(require.resolve("dejavu-fonts-ttf/package.json")), "ttf");
  return FILES.map((file) => join(folder, file));
}

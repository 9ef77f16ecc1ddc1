import { fontFiles } from "./fonts";
import { FONTS_VARIABLE, systemFontFiles } from "./systemFonts";

/** Latin letters, which the bundled font has for sure: most texts have no others. */
const COMMON = /^[\0-\u02ae]*$/;

/** What is seen only by its effect on other letters: controls, joiners, directions, variants. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Variation_Selector}]/u;

/** Code points of the bundled font. */
let bundled: Set<number> | undefined;

/** A font of the machine and its code points; undefined if it cannot be drawn with. */
const opened = new Map<string, Set<number> | undefined>();
let files: string[] | undefined;

/** By code point, the file of a font that has it; undefined if there is none. */
const found = new Map<number, string | undefined>();

/** Letters that the bundled font lacks, and where they come from. */
export interface RareLetters {
  /** Fonts of the machine that have them. */
  files: string[];
  /** Letters that no font has: boxes stand for them. */
  missing: string[];
}

/** Looks for fonts for the letters of a text that the bundled font lacks. */
export function rareLetters(text: string): RareLetters {
  if (COMMON.test(text)) return { files: [], missing: [] };
  bundled ??= coverageOf(fontFiles()[0]) ?? new Set();
  const rare = [...new Set(text)].filter((letter) => !bundled?.has(letter.codePointAt(0)!) && !UNSEEN.test(letter));
  const sources = rare.map((letter) => [letter, fontOf(letter.codePointAt(0)!)] as const);
  return {
    files: [...new Set(sources.flatMap(([, file]) => file ?? []))],
    missing: sources.filter(([, file]) => file === undefined).map(([letter]) => letter),
  };
}

function fontOf(codePoint: number): string | undefined {
  if (found.has(codePoint)) return found.get(codePoint);
  files ??= systemFontFiles();
  const file = files.find((path) => {
    if (!opened.has(path)) opened.set(path, coverageOf(path));
    return opened.get(path)?.has(codePoint);
  });
  found.set(codePoint, file);
  return file;
}

/** Code points of a font with outlines; undefined for pictures (emoji in colors) and files that are damaged. */
function coverageOf(path: string): Set<number> | undefined {
  const { openSync }: typeof import("fontkit") = require("fontkit");
  try {
    const font = openSync(path);
    const [{ directory, characterSet }] = "fonts" in font ? font.fonts : [font];
    const hasOutlines = ["glyf", "CFF ", "CFF2"].some((table) => table in directory.tables);
    return hasOutlines ? new Set(characterSet) : undefined;
  } catch {
    return undefined;
  }
}

/** Debian's package of a font for letters of a script. */
const PACKAGES: [RegExp, string][] = [
  [
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\u3000-\u303f\uff00-\uffef]/u,
    "fonts-noto-cjk",
  ],
  [/\p{Extended_Pictographic}/u, "fonts-symbola"],
  [/[\s\S]/u, "fonts-noto-core"],
];

/** Letters that are named, each with its code point: where it is told of them they may be boxes, too. */
const NAMED = 8;

const nameOf = (letter: string): string =>
  `${letter} (U+${letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")})`;

/** What is said of a picture whose text has letters that no font has; undefined if there are none. */
export function missingLettersNote(text: string): string | undefined {
  const { missing } = rareLetters(text);
  if (missing.length === 0) return undefined;
  const packages = missing.map((letter) => PACKAGES.find(([letters]) => letters.test(letter))?.[1]);
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : "";
  return (
    `boxes stand for ${missing.slice(0, NAMED).map(nameOf).join(", ")}${more}: no font here has them; install one ` +
    `(Debian, Ubuntu: apt install ${[...new Set(packages)].join(" ")}), or name a font file in ${FONTS_VARIABLE}`
  );
}

/**
 * A picture in which lines with letters that the bundled font lacks end with a speck that the font for these lacks: resvg sets all of
 * a line in another font that has all of its letters, else the missing letters alone.
 */
export function withSpecks(svg: string): string {
  const { files } = rareLetters(writtenIn(svg));
  const isElsewhere = (codePoint: number) => files.some((path) => opened.get(path)?.has(codePoint));
  const speck = files.length === 0 ? undefined : [...(bundled ?? [])].find((one) => isSymbol(one) && !isElsewhere(one));
  if (speck === undefined) return svg;
  const end = `<tspan style="font-size: 0.001px">${String.fromCodePoint(speck)}</tspan>`;
  return svg.replaceAll(/<text\b[\s\S]*?<\/text>/g, (element) =>
    element.replaceAll(/>([^<]+)(?=<)/g, (all, text: string) => (rareLetters(text).files.length > 0 ? all + end : all)),
  );
}

/** What has no direction of its own. */
const isSymbol = (codePoint: number): boolean => /\p{So}/u.test(String.fromCodePoint(codePoint));

/** What is written in a picture. */
export function writtenIn(svg: string): string {
  const letters = Array.from(svg.matchAll(/<text\b[\s\S]*?<\/text>/g), ([element]) =>
    element.replaceAll(/<[^>]*>/g, ""),
  );
  return letters.join("\n");
}

import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { bandFigure } from "../../../../tests/support/sampleFigures";
import { exportFigure } from "./export";
import type { Figure } from "./figure";
import { missingLettersNote, rareLetters, withSpecks, writtenIn } from "./letters";
import { measureText } from "./measureText";
import { renderOutlines, renderPng, renderSvg } from "./render";

/** A font that has letters that the bundled one lacks. */
const SERIF = join(dirname(require.resolve("dejavu-fonts-ttf/package.json")), "ttf", "DejaVuSerif.ttf");
const IN_SERIF = "⎷";
/** Stands for no letter, so that no font has it. */
const UNASSIGNED = "\u2fe0";

beforeAll(() => {
  process.env.TOKEN_GEOMETRY_FONTS = SERIF;
});

const titled = (title: string): Figure => ({ ...bandFigure, layout: { ...bandFigure.layout, title: { text: title } } });

describe("letters that the bundled font lacks", () => {
  it("are looked for in other fonts", () => {
    expect(rareLetters("ordinary ρ ± n₂ Ωμέγα אבג العربية …")).toEqual({ files: [], missing: [] });
    expect(rareLetters(`a${IN_SERIF}b`)).toEqual({ files: [SERIF], missing: [] });
    expect(rareLetters(`${UNASSIGNED}${IN_SERIF}${UNASSIGNED}`)).toEqual({ files: [SERIF], missing: [UNASSIGNED] });
  });

  it("are no letters if they are seen by their effect alone", () => {
    expect(rareLetters("\u2068a\u2069\u200b\u200d\ufe0f\u00ad").missing).toEqual([]);
  });

  it("are measured and drawn in the font that has them", async () => {
    const style = { size: 100, bold: false, italic: false, monospace: false };
    // Advance width of the letter in DejaVu Serif 2.37 over its 2048 units an em, by fontTools.
    expect(measureText(IN_SERIF, style).width).toBeCloseTo((100 * 1305) / 2048, 1);
    const [found, missing] = await Promise.all(
      [IN_SERIF, UNASSIGNED].map((letter) => renderPng(titled(letter), { scale: 1 })),
    );
    expect(found.equals(missing)).toBe(false);
  });

  it("leave the rest of their line in the bundled font", async () => {
    // Two lines: were the second all in the serif font, it would be wider than the measure that its anchor is placed by.
    const outlines = async (title: string) =>
      (await renderOutlines(titled(title))).match(/<path[^>]* d="[^"]*"/g) ?? [];
    const [plain, mixed] = [await outlines("plain words"), await outlines(`plain words${IN_SERIF}`)];
    const shapeOf = (path: string) => path.replaceAll(/-?\d+(\.\d+)?/g, "").replace(/.* d=/, "");
    expect(mixed.map(shapeOf).join()).toContain(
      plain
        .map(shapeOf)
        .find((shape) => shape.length > 200)!
        .slice(0, 100),
    );
    expect(withSpecks("<svg><text>plain</text></svg>")).toBe("<svg><text>plain</text></svg>");
    const svg = `<svg><text style="x">a ${IN_SERIF} b<tspan>c</tspan></text><desc>${IN_SERIF}</desc></svg>`;
    expect(withSpecks(svg)).toMatch(/ b<tspan style="font-size: 0.001px">.<\/tspan><tspan>c<\/tspan><\/text><desc>⎷</);
  });

  it("are named where there is no font, with what to install", () => {
    expect(missingLettersNote("Llama-3-8B: fiction")).toBeUndefined();
    expect(missingLettersNote(`x${UNASSIGNED}`)).toBe(
      `boxes stand for ${UNASSIGNED} (U+2FE0): no font here has them; install one (Debian, Ubuntu: apt install fonts-noto-core), ` +
        "or name a font file in TOKEN_GEOMETRY_FONTS",
    );
  });

  it("are counted where there are many, with the packages for all of them", () => {
    const letters = Array.from({ length: 12 }, (_, i) => String.fromCodePoint(0x2fe0 + i)).join("");
    expect(missingLettersNote(letters)).toMatch(/\(U\+2FE7\) and 4 more: .*fonts-noto-core\)/);
  });

  it("are told of when a figure is exported, by what is written in it, not by what its provenance says", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const folder = temporaryFolder();
    await exportFigure({ ...titled("plain"), provenance: { of: UNASSIGNED } }, { folder, formats: ["svg"] });
    expect(warn.mock.calls).toEqual([]);
    await exportFigure(titled(`prompt ${UNASSIGNED}.txt`), { folder, formats: ["svg"] });
    expect(warn.mock.calls).toEqual([[expect.stringMatching(new RegExp(`^bands: boxes stand for ${UNASSIGNED} `))]]);
  });
});

it("what is written in a picture are its texts, without tags", async () => {
  const written = writtenIn(await renderSvg(titled("a<b>b</b> c")));
  expect(written).toMatch(/ab c/);
  expect(written).not.toMatch(/[<>]|Made-up/);
});

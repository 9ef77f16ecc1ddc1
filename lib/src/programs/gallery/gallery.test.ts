import { dirname, join } from "node:path";
import { JSDOM } from "jsdom";
import { beforeAll, describe, expect, it } from "vitest";
import { bandFigure } from "../../../../tests/support/sampleFigures";
import { tokenTextHtml } from "../../machine/notebook/tokenText";
import type { TokenText } from "../../machine/notebook/tokenTextContent";
import type { Figure } from "../../machine/render/figure";
import { renderSvg } from "../../machine/render/render";
import { pictureDefects } from "./defects";
import { HARD_CASES } from "./hardCases";
import { KINDS } from "./kinds";

/** The hardest case of each kind; `npm run gallery` draws all of them. */
const REPRESENTATIVES = [
  ["profiles", "twenty-models"],
  ["shuffles", "gaps"],
  ["prompts", "long-names"],
  ["scatter", "twenty-models"],
  ["correlations", "twenty-models"],
  ["overview", "extremes"],
  ["slider", "single"],
  ["comparison", "long-names"],
] as const;

const drawingOf = (kind: string, hard: string): Figure | TokenText =>
  KINDS.find(({ name }) => name === kind)!.draw(HARD_CASES.find(({ name }) => name === hard)!);

describe("pictures of hard cases", () => {
  it.each(REPRESENTATIVES)("%s of %s have all curves in them, and all texts whole and apart", async (kind, hard) => {
    const figure = drawingOf(kind, hard) as Figure;
    expect(pictureDefects(figure, await renderSvg(figure))).toEqual([]);
  });

  it.each(KINDS.map(({ name }) => name))("%s are drawn of every case, with a caption", (kind) => {
    for (const { name } of HARD_CASES) expect(drawingOf(kind, name).caption).toMatch(/\w/);
  });

  it("isolate names that are written from right to left, in titles, legends and captions", () => {
    for (const kind of ["profiles", "columns", "scatter", "comparison"]) {
      const text = JSON.stringify(drawingOf(kind, "scripts"));
      expect(text).toMatch(/\u2068[\u0590-\u06ff]/);
      // Where such a name begins, an isolate begins.
      const { data, layout, caption } = drawingOf(kind, "scripts") as Figure;
      const shown = [caption, ...data.map(({ name }) => String(name)), JSON.stringify(layout.annotations)];
      for (const one of shown) expect(one).not.toMatch(/(^|[:,] )[\u0590-\u06ff]/);
    }
  });

  it("have pages whose lines have their own direction", () => {
    const { window } = new JSDOM(tokenTextHtml(drawingOf("text", "scripts") as TokenText));
    const text = window.document.querySelector("[data-tokens] > div");
    expect(text?.getAttribute("style")).toContain("unicode-bidi: plaintext");
  });
});

describe("defects", () => {
  it("are found: cut off, over one another, left out", async () => {
    const { annotations = [], ...layout } = bandFigure.layout;
    const label = (text: string, x: number, y: number) => ({
      text,
      x,
      y,
      xref: "paper",
      yref: "paper",
      showarrow: false,
    });
    const bad: Figure = {
      ...bandFigure,
      layout: {
        ...layout,
        annotations: [label("outside of it", 1.6, 0.5), label("one", 0.5, 0.5), label("two", 0.5, 0.5)],
      },
    };
    const svg = await renderSvg(bad);
    expect(pictureDefects(bad, svg)).toEqual(['"outside of it" is cut off', '"one" lies over "two"']);
    const more: Figure = { ...bad, data: [...bad.data, { type: "scatter", x: [1], y: [1] }] };
    expect(pictureDefects(more, svg)).toContain("1 of 5 curves are not drawn");
    expect(pictureDefects(bandFigure, await renderSvg(bandFigure))).toEqual([]);
  });
});

describe("colored text from right to left", () => {
  beforeAll(() => {
    process.env.TOKEN_GEOMETRY_FONTS = join(dirname(require.resolve("dejavu-fonts-ttf/package.json")), "ttf");
  });

  it("stands at the right, its tokens in their order", async () => {
    const { placePieces, setLines } = await import("../../machine/notebook/tokenTextPicture");
    const { placed, runs } = setLines(placePieces(["שלום", " עולם", " 12", " abc", "\n", "left", " עו", "לם"]));
    const first = placed.filter(({ line }) => line === 0);
    const leftOf = (token: number) =>
      Math.min(...first.filter((piece) => piece.token === token && piece.text.trim()).map(({ x }) => x));
    expect([0, 1, 2, 3].map(leftOf)).toEqual([0, 1, 2, 3].map(leftOf).toSorted((a, b) => b - a));
    expect(Math.max(...first.map(({ x, width }) => x + width))).toBeCloseTo(890, 0);
    const second = runs.filter(({ line }) => line === 1);
    expect(second.map(({ direction }) => direction).at(-1)).toBe("rtl");
    expect(second.at(-1)?.text).toContain("עולם");
    expect(second[0]).toMatchObject({ text: "left ", x: 10 });
  });
});

import { JSDOM } from "jsdom";
import { describe, expect, it, test } from "vitest";
import { FIGURE_ROWS } from "../../../tests/support/figureRows";
import { figureBundle } from "../machine/notebook/display";
import { tableHtml } from "../machine/notebook/tableFormat";
import { renderSvg } from "../machine/render/render";
import { markdownCode } from "../machine/support/markdown";
import type { AnyRow } from "../results/row";
import { FIGURES } from "./figures";
import { linesThatFit } from "./fittedText";
import type { PaperFigure } from "./paperFigure";
import { shownText, verbatim, visibleName, withNames } from "./verbatim";

const NAMES = [
  "<b>bold & brass<br>.txt",
  "a</b><i>b",
  "&lt;b&gt; &amp; &#60;",
  "$x^2$ and $$y$$",
  "`code` *star* _under_ | pipe",
  '<a href="javascript:alert(1)">x</a>',
  "<span style='color:red'>x</span>",
  "%{x} %{fullData.name}",
  "two\nlines\r\nand a\ttab",
  "right\u202eto\u200fleft\u2066",
  "\u0000\u0008 controls",
  "<script>alert(1)</script>",
];

const { 1: figure1, ...ofRows } = FIGURES;
const figures = Object.entries(ofRows as unknown as Record<keyof typeof FIGURE_ROWS, PaperFigure<AnyRow, object>>);

/** All texts of a specification. */
function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [];
}

describe("names letter by letter", () => {
  it.each(NAMES)("%j is no markup, and is told from others", (name) => {
    expect(verbatim(name)).not.toMatch(/[<>$]|&(?!amp;|lt;|gt;|#36;)/);
    expect(shownText(verbatim(name))).toBe(visibleName(name));
    expect(visibleName(name)).not.toMatch(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
    // However narrow a line is, it does not end inside of an entity.
    const lines = linesThatFit(verbatim(name), 12, 14);
    expect(lines.every((line) => /^(?:[^&]|&(?:amp|lt|gt|#36);)*$/.test(line))).toBe(true);
  });

  test("different names stay different", () => {
    const alike = ["a<b>", "a&lt;b&gt;", "a&amp;lt;b>", "a\u202eb", "ab", "a⟨b"];
    expect(new Set(alike.map(verbatim)).size).toBe(alike.length);
  });

  it.each(figures)("of models and prompts are not markup in figure %s", (key, figure) => {
    const rows: AnyRow[] = FIGURE_ROWS[Number(key) as keyof typeof FIGURE_ROWS];
    const tags = (drawn: object) =>
      texts(drawn).flatMap(
        (text) => text.match(/<(?!\/?sub>|br>|extra>|\/extra>|b>|\/b>)[^>]*>|\$|[\u202e\p{Cc}]/gu) ?? [],
      );
    for (const name of NAMES) {
      const hostile = withNames(rows, (own) => (own.includes(",") ? own : `${own} ${name}`));
      const { data, layout, caption } = figure.draw(hostile);
      expect(tags({ data, layout })).toEqual([]);
      expect(texts({ data, layout }).filter((text) => /<b>bold|<\/b>|<br>\.txt/.test(text))).toEqual([]);
      expect(caption).not.toMatch(/[\u202e\p{Cc}]/u);
    }
  });

  it("are what is seen in a picture, and in its notebook form", async () => {
    const [name] = NAMES;
    const rows = withNames(FIGURE_ROWS[8] as AnyRow[], () => name);
    const { 8: figure } = FIGURES as unknown as Record<8, PaperFigure<AnyRow, object>>;
    const drawn = figure.draw(rows.slice(0, 3));
    const svg = new JSDOM(await renderSvg(drawn), { contentType: "image/svg+xml" }).window.document;
    const seen = [...svg.querySelectorAll(".annotation text")].map(({ textContent }) => textContent).join("");
    expect(seen.replaceAll(/\s/g, "")).toContain("<b>bold&brass<br>.txt");
    const html = String((await figureBundle(drawn))["text/html"]);
    const page = new JSDOM(html).window.document;
    expect(page.querySelector("figcaption b, figcaption br")).toBeNull();
    expect(page.querySelector("figcaption")?.textContent).toContain(name);
  });
});

test("names in tables and in Markdown", () => {
  const table = { columns: ["model"], cells: NAMES.map((name) => [name]) };
  const page = new JSDOM(tableHtml(table, { caption: "$a$ <b>" })).window.document;
  const cells = [...page.querySelectorAll("td")];
  expect(cells.slice(0, 8).map(({ textContent }) => textContent)).toEqual(NAMES.slice(0, 8));
  // A dollar sign stands in an element of its own, and nothing else does: MathJax looks for two in a text.
  expect(new Set([...page.querySelectorAll("td *, caption *")].map((one) => one.outerHTML))).toEqual(
    new Set(["<span>$</span>"]),
  );
  expect(markdownCode("store/a.json")).toBe("`store/a.json`");
  expect(markdownCode("a`b``c\nd")).toBe("``` a`b``c d ```");
});

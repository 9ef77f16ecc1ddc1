import { JSDOM } from "jsdom";
import { hasPoints } from "../../figures/stylePanels";
import type { Figure } from "../../machine/render/figure";
import { type Box, pageBox } from "../../machine/render/renderGeometry";

interface Text extends Box {
  text: string;
}

/**
 * What can be measured of a picture's faults: texts that are cut off, that lie over one another or over a panel that is not
 * theirs, and traces that are not in it.
 *
 * @param svg as {@link renderSvg} has drawn the figure
 */
export function pictureDefects(figure: Figure, svg: string): string[] {
  const { document } = new JSDOM(svg, { contentType: "image/svg+xml" }).window;
  const width = Number(document.documentElement.getAttribute("width"));
  const height = Number(document.documentElement.getAttribute("height"));
  const texts = [...document.querySelectorAll("text")].flatMap((element): Text[] => {
    const text = (element.textContent ?? "").replaceAll("\u200b", "").trim();
    return text === "" ? [] : lettersOf(element, text);
  });
  const cut = texts.filter(({ left, right, top, bottom }) => left < 0 || top < 0 || right > width || bottom > height);
  const over = texts.flatMap((one, index) =>
    texts
      .slice(index + 1)
      .filter((other) => overlap(one, other))
      .map((other) => `"${one.text}" lies over "${other.text}"`),
  );
  const scrolls = [...document.querySelectorAll(".legend .scrollbar")].some(
    (bar) => Number(bar.getAttribute("height")) > 0,
  );
  const drawn = document.querySelectorAll(".scatterlayer .trace").length;
  const wanted = figure.data.filter(hasPoints).length;
  return [
    ...cut.map(({ text }) => `"${text}" is cut off`),
    ...over,
    ...(scrolls ? ["the legend is higher than its room"] : []),
    ...(drawn < wanted ? [`${wanted - drawn} of ${wanted} curves are not drawn`] : []),
  ];
}

/** The lines of a text; letters fill the middle of their line. */
function lettersOf(element: Element, text: string): Text[] {
  const box = pageBox(element);
  const lines = Math.max(1, element.querySelectorAll("tspan.line").length);
  const isUpright = box.bottom - box.top > 30 * lines;
  const rim = 0.2 * (isUpright ? box.right - box.left : (box.bottom - box.top) / lines);
  const [acrossX, acrossY] = isUpright ? [rim, 1] : [1, rim];
  return [
    {
      text,
      left: box.left + acrossX,
      right: box.right - acrossX,
      top: box.top + acrossY,
      bottom: box.bottom - acrossY,
    },
  ];
}

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

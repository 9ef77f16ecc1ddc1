/** A defect of a chart, for people; see {@link chartDefects}. */
export type Defect = string;

/**
 * Runs inside a page: what is wrong with its charts, or with the one given. Panels in which nothing is drawn; texts that are cut off by the edge of
 * their chart or overlap another text of it, by more than a pixel (the space above and below letters aside).
 */
export function chartDefects(only?: unknown): Defect[] {
  interface Box {
    text: string;
    corners: { x: number; y: number }[];
  }
  // Where traces are drawn, with other panels over it or not.
  const MARKS = [".plot", ".overplot"].map((layer) => `${layer} path, ${layer} image, ${layer} text`).join();
  const defects: Defect[] = [];

  /** The corners of a text's letters on the screen, also of a slanted one. */
  const boxOf = (element: SVGTextElement): Box | undefined => {
    const { x, y, width, height } = element.getBBox();
    const matrix = element.getScreenCTM();
    const style = getComputedStyle(element);
    const hidden = style.visibility === "hidden" || style.opacity === "0" || style.display === "none";
    if (!matrix || hidden || width === 0 || !element.textContent?.trim()) return undefined;
    // Letters fill the middle of their line.
    const [top, bottom] = [y + 0.2 * height, y + 0.8 * height];
    const corners = [
      [x + 1, top],
      [x + width - 1, top],
      [x + width - 1, bottom],
      [x + 1, bottom],
    ].map(([left, upper]) => new DOMPoint(left, upper).matrixTransform(matrix));
    return { text: element.textContent, corners };
  };

  /** Two convex shapes overlap unless a line along one of their edges has them on different sides. */
  const overlap = (a: Box, b: Box): boolean => {
    for (const { corners } of [a, b]) {
      for (let i = 0; i < 4; i++) {
        const [from, to] = [corners[i], corners[(i + 1) % 4]];
        const along = ({ x, y }: { x: number; y: number }) => (to.y - from.y) * x - (to.x - from.x) * y;
        const [of, other] = [a.corners.map(along), b.corners.map(along)];
        if (Math.max(...of) <= Math.min(...other) || Math.max(...other) <= Math.min(...of)) return false;
      }
    }
    return true;
  };

  const charts = only instanceof HTMLElement ? [only] : [...document.querySelectorAll<HTMLElement>(".js-plotly-plot")];
  // A page of colored text has none.
  if (charts.length === 0 && !document.querySelector("[data-tokens]")) defects.push("no chart has drawn");
  charts.forEach((chart, number) => {
    const where = `chart ${number + 1}`;
    const edge = chart.querySelector(".main-svg")?.getBoundingClientRect();
    if (!edge || edge.width === 0) {
      defects.push(`${where}: not drawn`);
      return;
    }
    chart.querySelectorAll(".cartesianlayer .subplot").forEach((panel) => {
      const names = [...panel.classList].join(" ");
      const drawn = [...panel.querySelectorAll(MARKS)].some((shape) => {
        const { width, height } = shape.getBoundingClientRect();
        return width > 0 || height > 0;
      });
      const axes = /\b(x\d*)(y\d*)\b/.exec(names);
      const shapes = ((chart as { layout?: { shapes?: { xref?: string }[] } }).layout?.shapes ?? []).filter(
        ({ xref }) => xref?.split(" ")[0] === axes?.[1],
      );
      if (!drawn && shapes.length === 0) defects.push(`${where}: nothing in panel ${axes?.[0] ?? names}`);
    });
    const texts = [...chart.querySelectorAll<SVGTextElement>(".main-svg text")].filter(
      (element) => !element.closest(".hoverlayer, .modebar-container, defs"),
    );
    const boxes = texts.flatMap((element) => boxOf(element) ?? []);
    boxes.forEach((box, i) => {
      const cut = box.corners.some(
        ({ x, y }) => x < edge.left - 1 || x > edge.right + 1 || y < edge.top - 1 || y > edge.bottom + 1,
      );
      if (cut) defects.push(`${where}: "${box.text}" is cut off`);
      for (const other of boxes.slice(i + 1)) {
        if (overlap(box, other)) defects.push(`${where}: "${box.text}" overlaps "${other.text}"`);
      }
    });
  });
  return defects;
}

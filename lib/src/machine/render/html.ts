import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { escapeHtmlText, escapeXml } from "../support/xml";
import { metadataOf, PROVENANCE_ELEMENT } from "./exportMetadata";
import type { Figure, PlotlyLayout } from "./figure";
import { provenanceLines } from "./provenanceLines";
import { type RenderOptions, renderSvg } from "./render";
import { plainFigure } from "./renderTheme";
import { plotlyFile } from "./renderWindow";

const packed = new Map<string, string>();

/** Plotly's source as base64 of gzip, about 640 kB: what pages and notebooks carry, so that they work offline. */
export function packedPlotly(file: string = plotlyFile()): string {
  const known = packed.get(file) ?? gzipSync(readFileSync(file), { level: 9 }).toString("base64");
  packed.set(file, known);
  return known;
}

/**
 * JavaScript (an expression of type Promise<Plotly>) that unpacks Plotly in a browser. The source is run as a function with
 * a `module` of its own, since pages with an AMD loader (the classic notebook) would otherwise claim it.
 *
 * @param file the build of Plotly, the one for flat charts without it
 */
export function unpackPlotly(file?: string): string {
  return [
    `(async function () {`,
    ` var bytes = Uint8Array.from(atob("${packedPlotly(file)}"), function (letter) { return letter.charCodeAt(0); });`,
    ` return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();`,
    `})()`,
    `.then(function (source) { var m = { exports: {} };`,
    ` new Function("module", "exports", "define", source)(m, m.exports, undefined); return m.exports; })`,
  ].join("");
}

/** JSON that can stand inside a script element. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll("<", "\\u003c")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
}

/** Plotly's settings of the interactive chart. */
export function chartConfig(figure: Figure): Record<string, unknown> {
  return {
    displaylogo: false,
    modeBarButtonsToRemove: ["select2d", "lasso2d"],
    toImageButtonOptions: { format: "svg", filename: figure.name },
  };
}

/** The layout of the interactive chart: Plotly's buttons stand at the right edge, where no legend is. */
export function chartLayout(layout: PlotlyLayout): PlotlyLayout {
  return { ...layout, modebar: { orientation: "v", bgcolor: "rgba(0,0,0,0)", ...(layout.modebar as object) } };
}

/** Where a figure's numbers come from, folded up; nothing if it does not say. */
export function provenanceHtml(figure: Figure): string {
  const lines = provenanceLines(figure.provenance).map(
    ([label, text]) => `<b>${escapeHtmlText(label)}</b>: ${escapeHtmlText(text)}`,
  );
  if (lines.length === 0) return "";
  const width = Math.max(figure.layout.width, 480);
  return (
    `<details style="max-width: ${width}px; overflow-wrap: anywhere">` +
    `<summary><small>Where the numbers come from</small></summary><small>${lines.join("<br>")}</small></details>`
  );
}

/** How a page begins, up to its body. @param description without it none is given @param style CSS */
export function pageHead({
  title,
  description,
  style,
}: {
  title: string;
  description?: string;
  style: string;
}): string {
  const described = description === undefined ? "" : `<meta name="description" content="${escapeXml(description)}">\n`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
${described}<title>${escapeXml(title)}</title>
<style>${style}
</style>
</head>
`;
}

/**
 * A page with the interactive chart that needs no network: Plotly is inside. Where scripts are off, the static picture is
 * shown. Errors as renderSvg.
 */
export async function renderHtml(figure: Figure, options: RenderOptions = {}): Promise<string> {
  const svg = await renderSvg(figure, options);
  const plain = plainFigure(figure, options.theme);
  const layout: PlotlyLayout = {
    ...plain.layout,
    width: options.width ?? plain.layout.width,
    height: options.height ?? plain.layout.height,
  };
  const { title, caption, provenance } = metadataOf(figure);
  const picture = `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
  const font = layout.font as { family: string; color: string };
  const style = `
body { margin: 16px; background: ${layout.paper_bgcolor}; color: ${font.color}; font: 14px/1.5 ${font.family}; }
figure { margin: 0; }
figcaption { max-width: ${Math.max(layout.width, 480)}px; }`;
  return `${pageHead({ title, description: caption, style })}<body>
<figure>
<div id="chart"></div>
<noscript><img src="${picture}" width="${layout.width}" height="${layout.height}" alt="${escapeXml(caption)}"></noscript>
<figcaption>${escapeXml(caption)}</figcaption>
${provenanceHtml(plain)}
</figure>
<script type="application/json" id="${PROVENANCE_ELEMENT}">${scriptJson(JSON.parse(provenance))}</script>
<script type="application/json" id="figure">${scriptJson({ data: plain.data, layout: chartLayout(layout), config: chartConfig(figure) })}</script>
<script>
(function () {
  var figure = JSON.parse(document.getElementById("figure").textContent);
  var chart = document.getElementById("chart");
  ${unpackPlotly()}.then(function (plotly) {
    return plotly.newPlot(chart, figure.data, figure.layout, figure.config);
  }).catch(function (error) {
    chart.innerHTML = document.querySelector("noscript").textContent;
    console.error(error);
  });
})();
</script>
</body>
</html>
`;
}

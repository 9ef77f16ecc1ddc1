import type { TableRecord } from "../../machine/notebook/record";
import { directionAttribute, restOf } from "../../machine/notebook/tableFormat";
import { PROVENANCE_ELEMENT } from "../../machine/render/exportMetadata";
import type { Figure } from "../../machine/render/figure";
import { FONT_FAMILY } from "../../machine/render/fonts";
import { chartConfig, pageHead, scriptJson, unpackPlotly } from "../../machine/render/html";
import { provenanceLines } from "../../machine/render/provenanceLines";
import { renderSmallPng } from "../../machine/render/renderSmallPng";
import { escapeXml } from "../../machine/support/xml";
import { markdownHtml } from "./markdown";
import { type Report, type ReportPart, type ReportPicture, type ReportSection, reportProvenance } from "./report";
import { runLines } from "./run";

/** What fits between the margins of an A4 page, in CSS pixels. */
const PRINT_WIDTH = 680;

const STYLE = `
body { margin: 0 auto; padding: 16px; max-width: 1060px; font: 15px/1.5 ${FONT_FAMILY}; color: #222; background: #fff; }
h1 { font-size: 26px; line-height: 1.25; }
h2 { font-size: 21px; margin-top: 56px; border-top: 1px solid #ccc; padding-top: 20px; }
h3 { font-size: 16px; }
nav ol { padding-left: 0; list-style: none; }
a { color: #1a4fd0; }
p, li { max-width: 46em; }
figure { margin: 20px 0; }
.chart { overflow-x: auto; }
figcaption, small, .notes { font-size: 13px; color: #444; }
table { border-collapse: collapse; font-size: 13px; margin: 12px 0; font-variant-numeric: tabular-nums; }
caption { caption-side: top; text-align: left; font-weight: bold; padding-bottom: 4px; }
th { border-bottom: 1px solid #999; text-align: left; vertical-align: bottom; }
th, td { padding: 2px 10px 2px 0; }
tr:nth-child(even) td { background: #f5f6f8; }
.number { text-align: right; }
.table { overflow-x: auto; }
.notes td { overflow-wrap: anywhere; vertical-align: top; }
.notes td:first-child { white-space: nowrap; }
summary { cursor: pointer; margin: 8px 0; }
@page { size: A4; margin: 15mm; }
@media print {
  body { padding: 0; max-width: none; font-size: 10pt; }
  nav { break-after: page; }
  h2 { break-before: page; border: 0; margin-top: 0; }
  h2:first-of-type { break-before: auto; }
  h2, h3, caption { break-after: avoid; }
  figure, tr { break-inside: avoid; }
  thead { display: table-header-group; }
  .chart { overflow: visible; zoom: var(--print-zoom); }
  .modebar-container { display: none; }
  .table { overflow: visible; zoom: 0.75; }
  summary { display: none; }
  a { color: inherit; text-decoration: none; }
}`;

/**
 * The report as one page that needs no network: Plotly is inside, once; charts are interactive, static pictures where
 * scripts are off; printed on A4, each section starts a page. Errors as renderSvg.
 */
export async function renderReportHtml(report: Report): Promise<string> {
  const charts: Figure[] = [];
  const sections: string[] = [];
  for (const section of report.sections) sections.push(await sectionHtml(section, charts));
  const contents = report.sections.map(
    ({ notebook, title }) => `<li><a href="#${escapeXml(notebook)}">${escapeXml(title)}</a></li>`,
  );
  const data = charts.map((figure) => ({ data: figure.data, layout: figure.layout, config: chartConfig(figure) }));
  return `${pageHead({ title: `${report.title}: figures`, style: STYLE })}<body>
<header>
<h1>${escapeXml(report.title)}</h1>
<p>The figures of arXiv 2501.10573 as the notebooks of this project make them, with the parameters and the origin of all
numbers. Last executed ${escapeXml(report.date)}.</p>
</header>
<nav><h3>Contents</h3><ol>
${contents.join("\n")}
</ol></nav>
<main>
${sections.join("\n")}
</main>
<script type="application/json" id="${PROVENANCE_ELEMENT}">${scriptJson(reportProvenance(report))}</script>
<script type="application/json" id="charts">${scriptJson(data)}</script>
<script>
(function () {
  var charts = JSON.parse(document.getElementById("charts").textContent);
  ${unpackPlotly()}.then(async function (plotly) {
    for (var i = 0; i < charts.length; i++) {
      var place = document.getElementById("chart-" + i);
      await plotly.newPlot(place, charts[i].data, charts[i].layout, charts[i].config);
      place.setAttribute("data-drawn", "");
    }
  }).catch(function (error) {
    document.querySelectorAll(".chart:not([data-drawn])").forEach(function (place) {
      place.innerHTML = place.nextElementSibling.textContent;
    });
    console.error(error);
  });
  // What is folded up on the screen is open on paper.
  var opened = [];
  addEventListener("beforeprint", function () {
    opened = Array.from(document.querySelectorAll("details:not([open])"));
    opened.forEach(function (part) { part.open = true; });
  });
  addEventListener("afterprint", function () { opened.forEach(function (part) { part.open = false; }); });
})();
</script>
</body>
</html>
`;
}

async function sectionHtml(section: ReportSection, charts: Figure[]): Promise<string> {
  const parts: string[] = [];
  for (const part of section.parts) parts.push(await partHtml(part, charts));
  const parameters = section.parameters.map(({ name, value, isDefault }) => [
    name,
    isDefault ? value : `${value} (set)`,
  ]);
  return `<section id="${escapeXml(section.notebook)}">
<h2>${escapeXml(section.title)}</h2>
${markdownHtml(section.introduction)}
${parts.join("\n")}
<details class="notes"><summary>Parameters and origin</summary>
${parameters.length > 0 ? `<h3>Parameters</h3>${pairsHtml(parameters)}` : ""}
<h3>Origin</h3>${pairsHtml(originOf(section))}
</details>
</section>`;
}

/** Where all numbers of a section come from: of each figure, and of the run. */
export function originOf({ parts, run, notebook }: ReportSection): [label: string, text: string][] {
  const lines = parts.flatMap((part) => (part.kind === "figure" ? provenanceLines(part.figure.provenance) : []));
  const unique = new Map(lines.map((line) => [line.join("\n"), line]));
  return [...unique.values(), ["notebook", `${notebook}.ipynb`], ...runLines(run)];
}

async function partHtml(part: ReportPart, charts: Figure[]): Promise<string> {
  if (part.kind === "text") return `<h3>${escapeXml(part.heading)}</h3>\n${markdownHtml(part.markdown)}`;
  if (part.kind === "table") return tableHtml(part.table);
  if (part.kind === "picture") return pictureHtml(part.picture);
  const { figure } = part;
  const { width, height } = figure.layout;
  const picture = (await renderSmallPng(figure)).toString("base64");
  const zoom = Math.min(1, PRINT_WIDTH / width).toFixed(3);
  charts.push(figure);
  return `<figure>
<div class="chart" id="chart-${charts.length - 1}" style="--print-zoom: ${zoom}; min-height: ${height}px"></div>
<noscript><img src="data:image/png;base64,${picture}" width="${width}" height="${height}" alt="${escapeXml(figure.caption)}"></noscript>
<figcaption>${escapeXml(figure.caption)}</figcaption>
</figure>`;
}

function pictureHtml({ caption, type, bytes, width, height }: ReportPicture): string {
  const size = width && height ? ` width="${width}" height="${height}"` : "";
  return `<figure>
<img src="data:${type};base64,${bytes.toString("base64")}"${size} style="max-width: 100%; height: auto" alt="${escapeXml(caption)}">
<figcaption>${escapeXml(caption)}</figcaption>
</figure>`;
}

function tableHtml({ caption, columns, lines, numeric, left }: TableRecord): string {
  const row = (tag: string, cells: string[]): string =>
    `<tr>${cells.map((cell, i) => `<${tag}${numeric[i] ? ' class="number"' : ""}${directionAttribute(cell)}>${escapeXml(cell)}</${tag}>`).join("")}</tr>`;
  const more = restOf({ columns, left });
  const rest = more ? `<tr><td colspan="${columns.length}">${more}</td></tr>` : "";
  const table =
    `<div class="table"><table>${caption ? `<caption>${escapeXml(caption)}</caption>` : ""}` +
    `<thead>${row("th", columns)}</thead><tbody>${lines.map((line) => row("td", line)).join("")}${rest}</tbody></table></div>`;
  if (lines.length <= 12) return table;
  return `<details><summary>${escapeXml(caption ?? "Table")}, ${lines.length + left} rows</summary>${table}</details>`;
}

function pairsHtml(pairs: readonly (readonly string[])[]): string {
  const rows = pairs.map(
    ([name, value]) => `<tr><td>${escapeXml(name)}</td><td${directionAttribute(value)}>${escapeXml(value)}</td></tr>`,
  );
  return `<table><tbody>${rows.join("")}</tbody></table>`;
}

import { createHash } from "node:crypto";
import type { Figure } from "../render/figure";
import { chartConfig, chartLayout, provenanceHtml, scriptJson, unpackPlotly } from "../render/html";
import { escapeHtmlText, escapeXml } from "../support/xml";

// Both scripts meet in `window.tokenGeometry`, in either order: a saved notebook runs them as it pleases.
const SHARED = "var shared = window.tokenGeometry = window.tokenGeometry || { waiting: [] };";

/** Script element that unpacks Plotly in the page, once, and then draws the charts that wait for it. */
export function plotlyScript(): string {
  return `<script>
(function () {
  ${SHARED}
  if (shared.plotly || shared.loading) return;
  shared.loading = true;
  ${unpackPlotly()}.then(function (plotly) {
    shared.plotly = plotly;
    shared.waiting.splice(0).forEach(function (draw) { draw(plotly, 0); });
  }).catch(function (error) {
    shared.loading = false;
    console.error("charts stay static:", error);
  });
})();
</script>`;
}

/** Where there is less room than a figure's natural width, its chart is narrower, down to this share; then it scrolls. */
const NARROWEST = 0.8;

/**
 * A static picture with a script that puts the interactive chart in its place as soon as Plotly is there. Viewers that strip
 * scripts (and untrusted notebooks) keep the picture.
 *
 * @param figure plain data
 * @param png the picture
 */
export function chartHtml(figure: Figure, png: Buffer): string {
  const { width, height } = figure.layout;
  const json = JSON.stringify({ data: figure.data, layout: chartLayout(figure.layout), config: chartConfig(figure) });
  // Named after what it shows: outputs of the same name, wherever they come from, show the same.
  const id = createHash("sha256").update(figure.name).update(json).digest("hex").slice(0, 16);
  const caption = escapeXml(figure.caption);
  return `<figure style="margin: 0">
<div data-figure="${id}" style="max-width: 100%; overflow-x: auto"><img src="data:image/png;base64,${png.toString("base64")}" width="${width}" height="${height}" style="max-width: 100%; height: auto" alt="${caption}"></div>
<figcaption style="max-width: ${Math.max(width, 480)}px"><small>${escapeHtmlText(figure.caption)}</small></figcaption>${provenanceHtml(figure)}
</figure>
<script>
(function () {
  ${SHARED}
  var figure = ${scriptJson(json)};
  function draw(plotly, attempt) {
    var places = document.querySelectorAll('[data-figure="${id}"]:not([data-drawn])');
    if (places.length === 0 && attempt < 50) setTimeout(draw, 100, plotly, attempt + 1);
    places.forEach(function (place) {
      place.setAttribute("data-drawn", "");
      var picture = place.firstElementChild;
      var chart = document.createElement("div");
      var parsed = JSON.parse(figure);
      if (place.clientWidth > 0) {
        parsed.layout.width = Math.max(Math.min(${width}, place.clientWidth), ${Math.round(NARROWEST * width)});
      }
      place.appendChild(chart);
      picture.style.display = "none";
      plotly.newPlot(chart, parsed.data, parsed.layout, parsed.config).catch(function (error) {
        console.error(error);
        chart.remove();
        picture.style.display = "";
      });
    });
  }
  if (shared.plotly) draw(shared.plotly, 0);
  else shared.waiting.push(draw);
})();
</script>`;
}

import { SHUFFLE_COLORS } from "../../figures/style";
import { verbatim, visibleName } from "../../figures/verbatim";
import type { CloudView, LayerView } from "../../geometry/cloudView";
import { figurePath } from "../render/figureFolder";
import { pageHead, provenanceHtml, scriptJson, unpackPlotly } from "../render/html";
import { UserError } from "../support/errors";
import { writeFileAtomically } from "../support/files";
import { escapeHtmlText } from "../support/xml";
import { CLOUD_PAGE_SCRIPT } from "./cloudPageScript";

/** What a page says of itself. */
export interface CloudPageOptions {
  /** Of the file, without its ending; "cloud" without it. */
  name?: string;
  /** Which text and which model, for the line above the picture. */
  caption: string;
  /** The layer that is shown at first; the middle one without it. */
  layer?: number;
  /** Where the numbers come from. */
  provenance?: Record<string, unknown>;
}

/** Bytes: what is sent by mail, and opened on a telephone. */
const LARGEST = 3e6;

/** Tokens that are shown before and after a token. */
const CONTEXT = 7;

const FONT = { family: "DejaVu Sans, Verdana, sans-serif", size: 12, color: "#222222" };

/**
 * Writes a page on which the clouds of a text are seen, layer by layer, in two and three dimensions: it needs no server and no
 * network. Pointing at a token shows its context, a click its true neighbors; colors say loss, position, norm or local dimension.
 * Without WebGL the page has two dimensions.
 *
 * @returns the path of the file
 * @throws UserError if there is no such layer, the page would be larger than 3 MB, or it cannot be written
 * @example
 * const run = await (await loadModel("llama-mini")).run("The tide came in over the flats, and the boats began to stir.");
 * exportCloudPage(await cloudView(run), { caption: "A tide, llama-mini" }).endsWith("cloud.html"); // true
 */
export function exportCloudPage(view: CloudView, options: CloudPageOptions): string {
  const { name = "cloud" } = options;
  const page = cloudPage(view, options);
  const bytes = Buffer.byteLength(page);
  if (bytes > LARGEST) {
    const size = (bytes / 1e6).toFixed(1);
    throw new UserError(`the page of ${view.pieces.length} tokens has ${size} MB, 3 are the most: take fewer tokens`);
  }
  const path = figurePath(name, "html");
  writeFileAtomically(path, page);
  return path;
}

/** The page as HTML. */
export function cloudPage(view: CloudView, { name = "cloud", caption, layer, provenance }: CloudPageOptions): string {
  const { layers, pieces, losses, neighbors, width } = view;
  const first = layer ?? Math.floor(layers.length / 2);
  if (!layers[first]) throw new UserError(`there is no layer ${first}; layers are 0 to ${layers.length - 1}`);
  const packed = (valuesOf: (layer: LayerView) => ArrayLike<number>) =>
    base64(Float32Array.from(layers.flatMap((one) => Array.from(valuesOf(one)))));
  const visible = pieces.map((piece) => visibleName(piece.replaceAll("\n", "↵")));
  const data = {
    pieces: visible,
    contexts: pieces.map((_, token) => contextOf(visible, token)),
    flat: packed(({ pictures }) => pictures[0].points.values),
    deep: packed(({ pictures }) => pictures[1].points.values),
    losses: base64(Float32Array.from(losses)),
    norms: packed(({ norms }) => norms),
    dimensions: packed(({ dimensions }) => dimensions),
    nearest: base64(Uint16Array.from(layers.flatMap(({ nearest }) => nearest.flatMap((row) => [...row])))),
    layers: layers.map(({ pictures }) => pictures.map(({ share, trustworthiness }) => ({ share, trustworthiness }))),
    neighbors,
    full: width,
    colorscale: SHUFFLE_COLORS.map((color, i) => [i / (SHUFFLE_COLORS.length - 1), color]),
    ...{ width: 860, height: 620, font: FONT },
  };
  const figure = { name, caption, provenance, data: [], layout: { width: 860, height: 620 } };
  const style = `
body { margin: 16px; max-width: 860px; background: #ffffff; color: ${FONT.color}; font: 14px/1.5 ${FONT.family}; }
label { display: inline-block; margin-right: 24px; white-space: nowrap; }
input[type=range] { width: 260px; vertical-align: middle; }
#near { min-height: 3em; }`;
  return `${pageHead({ title: caption, description: caption, style })}<body>
<p><b>${escapeHtmlText(caption)}</b></p>
<p><label>layer <input type="range" id="layer" min="0" max="${layers.length - 1}" step="1" value="${first}"> <span id="number">${first}</span></label>
<label>color <select id="color"><option value="loss">loss (nats)</option><option value="position">position</option><option value="norm">norm</option><option value="dimension">local dimension</option></select></label>
<label>dimensions <select id="dimensions"><option value="3">3</option><option value="2">2</option></select></label></p>
<p id="flat" hidden>This browser has no WebGL: the cloud is shown in two dimensions.</p>
<div id="chart"></div>
<p id="trust"></p>
<p id="near"></p>
<p><small>Principal components of each layer, in one size, each layer turned onto the one before; colors by rank.</small></p>
${provenanceHtml(figure)}
<noscript>The picture needs JavaScript.</noscript>
<script type="application/json" id="cloud">${scriptJson(data)}</script>
<script>
${unpackPlotly(require.resolve("plotly.js/dist/plotly-gl3d.min.js"))}.then(function (plotly) {
  return (${CLOUD_PAGE_SCRIPT})(plotly, JSON.parse(document.getElementById("cloud").textContent), document);
}).catch(function (error) {
  document.getElementById("trust").textContent = "The picture could not be drawn: " + error.message;
  console.error(error);
});
</script>
</body>
</html>
`;
}

/** A token in its context, as Plotly's text. */
function contextOf(pieces: readonly string[], token: number): string {
  const part = (begin: number, end: number) => verbatim(pieces.slice(Math.max(0, begin), end).join(""));
  const before = part(token - CONTEXT, token);
  const after = part(token + 1, token + 1 + CONTEXT);
  return `…${before}<b>${part(token, token + 1)}</b>${after}…`;
}

function base64({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}

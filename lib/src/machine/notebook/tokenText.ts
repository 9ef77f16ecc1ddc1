import { createHash } from "node:crypto";
import { spacingColor } from "../../figures/style";
import type { Exploration, ExploredOrder } from "../experiment/exploration";
import { extremeTokens, indexOfOrder, sharesBelow } from "../experiment/explorationTables";
import { figurePath } from "../render/figureFolder";
import { scriptJson } from "../render/html";
import { UserError } from "../support/errors";
import { writeFileAtomically } from "../support/files";
import { sendToNotebook } from "../support/notebookOutput";
import { isolated } from "../support/writing";
import { escapeHtmlText, escapeXml } from "../support/xml";
import { type PictureRecord, RECORD_TYPE } from "./record";
import { type TokenText, visiblePiece } from "./tokenTextContent";
import { tokenTextPicture } from "./tokenTextPicture";

/** Shades that are told apart: a letter each. */
const SHADES = "abcdefghijklmnopqrstu";

/** What the color of a token says. */
interface Coloring {
  name: string;
  /** What is compared. */
  quantity(exploration: Exploration): string;
  /** Of the tokens as written, by layer; of one list all layers have the same. */
  values(order: ExploredOrder): readonly (readonly number[])[];
  lowest: string;
  highest: string;
}

const COLORINGS: Readonly<Record<string, Coloring>> = {
  room: {
    name: "playground-text",
    quantity: ({ neighbors }) => `distance of each token to its neighbor number ${neighbors}`,
    values: ({ spacings }) => spacings.map(({ distances }) => distances),
    lowest: "crowded",
    highest: "sparse",
  },
  dimension: {
    name: "playground-dimension",
    quantity: () => "local dimension of each token (maximum likelihood, up to 20 neighbors, copies left out)",
    values: ({ dimensions }) => dimensions,
    lowest: "few dimensions",
    highest: "many",
  },
  loss: {
    name: "playground-loss",
    quantity: () => "loss of each token",
    values: ({ losses }) => [losses],
    lowest: "expected",
    highest: "surprising",
  },
};

/** How many tokens of either end are named. */
const NAMED = 6;

/**
 * The text of a prompt, colored by how crowded it is around each token: blue where its neighbors are near, orange where they
 * are far, compared with the other tokens of the layer. In the same way by the dimension around each token, or by its loss, which
 * is one number for all layers.
 *
 * @param shuffleIndex the order that is shown at first, one that was explored
 * @param layer the layer that is shown at first, 0..L
 * @param coloring what the colors say: "room", "dimension" or "loss"
 * @throws UserError if there is no such order, layer or coloring
 * @example
 * const prompt = { name: "gulls", text: "The tide came in, and the gulls came in with the tide." };
 * const explored = await explorePrompt("llama-mini", prompt, { shuffleIndices: [0, 1] });
 * tokenText(explored, 0, 6).orders.map(({ label }) => label); // ["S = 0", "S = 1"]
 * tokenText(explored, 0, 6, "loss").orders[0].layers.length; // 1
 */
export function tokenText(exploration: Exploration, shuffleIndex: number, layer: number, coloring = "room"): TokenText {
  if (!Object.hasOwn(COLORINGS, coloring)) {
    throw new UserError(`colors "${coloring}": must be one of ${Object.keys(COLORINGS).join(", ")}`);
  }
  const { orders, pieces, model, prompt } = exploration;
  const { name, quantity, values, lowest, highest } = COLORINGS[coloring];
  const order = indexOfOrder(exploration, shuffleIndex, layer);
  const ofOrders = orders.map(values);
  const shown = ofOrders[order].length === 1 ? 0 : layer;
  const named = extremeTokens(ofOrders[order][shown], pieces, NAMED);
  const compared = `${isolated(prompt)} in ${isolated(model)}: ${quantity(exploration)}, compared with the other tokens.`;
  return {
    name,
    caption: `${compared} Blue: ${lowest}, orange: ${highest}.`,
    pieces,
    orders: orders.map(({ shuffleIndex: s }, i) => ({
      label: `S = ${s}`,
      layers: ofOrders[i].map((ofLayer) => sharesBelow(ofLayer)),
    })),
    order,
    layer: shown,
    summary: `${lowest}: ${named.lowest.map(isolated).join(" ")}\n${highest}: ${named.highest.map(isolated).join(" ")}`,
  };
}

/**
 * Shows a {@link TokenText}: with sliders for layer and order where scripts run (no kernel is needed), else as it is at
 * first; as a picture where a page's colors are stripped. Outside a notebook its summary is printed.
 *
 * @example
 * const prompt = { name: "gulls", text: "The tide came in, and the gulls came in with the tide." };
 * const explored = await explorePrompt("llama-mini", prompt, { shuffleIndices: [0, 1] });
 * await showTokenText(tokenText(explored, 0, 6));
 */
export async function showTokenText(text: TokenText): Promise<void> {
  const plain = `${placeOf(text)}. ${text.caption}\n${text.summary}`;
  const { png, width, height } = tokenTextPicture(text);
  const record: PictureRecord = {
    kind: "picture",
    name: text.name,
    caption: `${placeOf(text)}. ${text.caption}`,
    width,
    height,
  };
  const forms = { "text/html": tokenTextHtml(text), "image/png": png.toString("base64"), "text/plain": plain };
  if (!sendToNotebook({ [RECORD_TYPE]: record, ...forms })) console.log(plain);
}

/**
 * Writes a {@link TokenText} where figures go: as a page with sliders, and as a picture.
 *
 * @returns the paths of the files
 * @throws UserError if they cannot be written
 * @example
 * const prompt = { name: "gulls", text: "The tide came in, and the gulls came in with the tide." };
 * const explored = await explorePrompt("llama-mini", prompt, { shuffleIndices: [0, 1] });
 * exportTokenText(tokenText(explored, 0, 6)).length; // 2
 */
export function exportTokenText(text: TokenText): string[] {
  const [page, picture] = ["html", "png"].map((ending) => figurePath(text.name, ending));
  const title = escapeXml(text.caption);
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>`;
  writeFileAtomically(
    page,
    `<!DOCTYPE html>\n<html lang="en"><head>${head}</head>\n<body>${tokenTextHtml(text)}</body></html>\n`,
  );
  writeFileAtomically(picture, tokenTextPicture(text).png);
  return [page, picture];
}

/** The shade of a share from 0 to 1. */
function shadeOf(share: number): number {
  return Math.min(Math.round(share * (SHADES.length - 1)), SHADES.length - 1);
}

/** "Layer 6, S = 0"; of a text with one coloring for all layers "S = 0" */
function placeOf({ orders, order, layer }: Pick<TokenText, "orders" | "order" | "layer">): string {
  const { label, layers } = orders[order];
  return layers.length > 1 ? `Layer ${layer}, ${label}` : label;
}

/** The text as HTML that needs nothing else. */
export function tokenTextHtml({ name, caption, pieces, orders, order, layer }: TokenText): string {
  const shown = orders[order]?.layers[layer];
  if (shown?.length !== pieces.length) throw new UserError(`${name}: there is no layer ${layer} of order ${order}`);
  const shades = orders.map(({ layers }) =>
    layers.map((shares) => shares.map((share) => SHADES[shadeOf(share)]).join("")),
  );
  const colors = Array.from(SHADES, (_, shade) => spacingColor(shade / (SHADES.length - 1)));
  const json = JSON.stringify({ labels: orders.map(({ label }) => label), shades, colors, order, layer });
  // Named after what it shows: outputs of the same name, wherever they come from, show the same.
  const id = createHash("sha256").update(name).update(json).digest("hex").slice(0, 16);
  const spans = pieces.map((piece, token) => {
    const color = colors[shadeOf(shown[token])];
    return `<span style="background-color: ${color}" title="token ${token + 1}">${escapeHtmlText(visiblePiece(piece))}</span>`;
  });
  return `<div data-tokens="${id}" style="max-width: 900px; padding: 8px; background-color: #ffffff; color: #222222">
<div style="font: 14px/1.7 'DejaVu Sans', Verdana, sans-serif; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext">${spans.join("")}</div>
<div><small><b>${placeOf({ orders, order, layer })}</b>. ${escapeHtmlText(caption)}</small></div>
</div>
<script>
(function () {
  var view = JSON.parse(${scriptJson(json)});
  document.querySelectorAll('[data-tokens="${id}"]:not([data-alive])').forEach(function (place) {
    place.setAttribute("data-alive", "");
    var spans = place.firstElementChild.children;
    var heading = place.querySelector("b");
    var now = { order: view.order, layer: view.layer };
    function paint() {
      var isByLayer = view.shades[now.order].length > 1;
      heading.textContent = (isByLayer ? "Layer " + now.layer + ", " : "") + view.labels[now.order];
      var shades = view.shades[now.order][now.layer];
      for (var i = 0; i < spans.length; i++) {
        spans[i].style.backgroundColor = view.colors[shades.charCodeAt(i) - 97];
      }
    }
    function slider(title, key, count, nameOf) {
      if (count < 2) return;
      var label = document.createElement("label");
      var input = document.createElement("input");
      var text = document.createElement("span");
      label.style.cssText = "display: inline-block; white-space: nowrap; margin-right: 24px; font: 14px sans-serif";
      input.type = "range"; input.min = 0; input.max = count - 1; input.step = 1; input.value = now[key];
      input.style.cssText = "display: inline-block; width: 240px; margin: 0 8px; vertical-align: middle";
      input.setAttribute("aria-label", title);
      text.textContent = nameOf(now[key]);
      input.addEventListener("input", function () {
        now[key] = Number(input.value);
        text.textContent = nameOf(now[key]);
        paint();
      });
      label.append(title, input, text);
      controls.append(label);
    }
    var controls = document.createElement("div");
    controls.style.marginBottom = "8px";
    slider("layer", "layer", view.shades[0].length, String);
    slider("order", "order", view.labels.length, function (i) { return view.labels[i]; });
    place.prepend(controls);
  });
})();
</script>`;
}

import type { Figure, PlotlyTrace } from "../machine/render/figure";
import type { ShuffleExample } from "../prompts/shuffleExample";
import { type FigureEntry, nameOf } from "./paperFigure";
import { baseLayout, INK, MODEL_COLORS, withOpacity } from "./style";
import { verbatim } from "./verbatim";

/** Room between blocks, in widths of a token's box. */
const GAP = 0.25;
const ROW_HEIGHT = 96;
const WIDTH = 1100;

const entry = { number: "1", title: "How a prompt is shuffled", notebook: "fig01-shuffling" };
const name = nameOf(entry.notebook);

/** Figure 1: the shuffling on a worked example. It has no rows: what it shows are tokens and their orders. */
export const figure1: FigureEntry & Record<"draw" | "drawInteractive", typeof draw> = {
  ...entry,
  name,
  draw,
  drawInteractive,
};

/**
 * All orders beneath each other, for print.
 *
 * @param pieces text of each token, in the order of the text
 * @param examples from shuffleExamples of as many tokens
 */
function draw(pieces: readonly string[], examples: readonly ShuffleExample[]): Figure {
  const rows = examples.length;
  const layout = frame(pieces.length, rows * ROW_HEIGHT + 64);
  layout.yaxis = {
    range: [rows - 0.5, -0.5],
    tickvals: examples.map((_, row) => row),
    ticktext: examples.map((example) => `<b>S = ${example.shuffleIndex}</b><br>${describe(example)}`),
    ticks: "",
    showgrid: false,
    zeroline: false,
    fixedrange: true,
  };
  const data = examples.map((example, row) => boxes(pieces, example, row));
  return { name, caption: caption(pieces.length), data, layout };
}

/** One row of tokens that moves into each order as its slider is moved; works without the kernel. */
function drawInteractive(pieces: readonly string[], examples: readonly ShuffleExample[]): Figure {
  const layout = frame(pieces.length, ROW_HEIGHT + 150);
  layout.margin = { l: 24, r: 24, t: 24, b: 120 };
  layout.yaxis = { range: [0.5, -0.5], visible: false, fixedrange: true };
  layout.sliders = [
    {
      active: 0,
      currentvalue: { visible: false },
      pad: { t: 36, b: 10 },
      len: 0.8,
      x: 0.1,
      steps: examples.map((example) => {
        const { x, hovertext } = boxes(pieces, example, 0);
        const frame = { data: [{ x, hovertext }], traces: [0] };
        const options = {
          mode: "immediate",
          transition: { duration: 700, easing: "cubic-in-out" },
          frame: { duration: 700, redraw: false },
        };
        return {
          label: `S = ${example.shuffleIndex}: ${describe(example)}`,
          method: "animate",
          args: [frame, options],
        };
      }),
    },
  ];
  return {
    name: `${name}-interactive`,
    caption: `${caption(pieces.length)} Move the slider to shuffle.`,
    data: [boxes(pieces, examples[0], 0)],
    layout,
  };
}

function frame(tokens: number, height: number): Figure["layout"] {
  const layout = baseLayout({ width: WIDTH, height, legend: "none" });
  layout.margin = { l: 130, r: 24, t: 24, b: 40 };
  const widest = tokens + (tokens - 1) * GAP;
  const margin = Math.max(0.2, 0.015 * widest);
  layout.xaxis = { range: [-margin, widest + margin], visible: false, fixedrange: true };
  layout.annotations = [
    {
      text: `Color: the quarter of the text that a token comes from.${hasText(tokens) ? " Number: its place in the text." : ""}`,
      font: { size: 12, color: INK },
      showarrow: false,
      xref: "paper",
      yref: "paper",
      x: 0.5,
      y: 0,
      yanchor: "top",
      yshift: -6,
    },
  ];
  return layout;
}

/** Horizontal place of each token of the text in an order, the row centered; entry i belongs to token i. */
function places({ order, blocks, blockLength }: ShuffleExample, tokens: number): number[] {
  const start = ((tokens - blocks) * GAP) / 2;
  const at: number[] = [];
  order.forEach((token, place) => {
    at[token] = start + place + 0.5 + Math.floor(place / blockLength) * GAP;
  });
  return at;
}

function boxes(pieces: readonly string[], example: ShuffleExample, row: number): PlotlyTrace {
  const tokens = pieces.length;
  const palette = [MODEL_COLORS.pythia, MODEL_COLORS.mistral, MODEL_COLORS.opt, "#009E73"];
  const colors = pieces.map((_, token) => palette[Math.floor((4 * token) / tokens)]);
  const size = boxSize(tokens);
  const letters = lettersIn(size);
  return {
    type: "scatter",
    mode: hasText(tokens) ? "text+markers" : "markers",
    x: places(example, tokens),
    y: pieces.map(() => row),
    ids: pieces.map((_, token) => String(token)),
    text: pieces.map((piece, token) => `${shorten(piece, letters)}<br><b>${token + 1}</b>`),
    textfont: { size: 10.5, color: INK },
    textposition: "middle center",
    marker: {
      symbol: "square",
      size,
      color: colors.map((color) => withOpacity(color, 0.35)),
      line: { color: colors, width: 1.5 },
    },
    hovertext: pieces.map((piece, token) => hover(piece, token, example)),
    hovertemplate: "%{hovertext}<extra></extra>",
    cliponaxis: false,
  };
}

/** Side of a token's box in CSS pixels: the picture without its margins, over the tokens and gaps of the widest row. */
function boxSize(tokens: number): number {
  return Math.max(2, Math.floor((WIDTH - 154) / (tokens + (tokens - 1) * GAP + 0.4)) - 2);
}

function lettersIn(size: number): number {
  return Math.floor((size - 4) / 6.4);
}

/** Whether a box has room for a piece of text. */
function hasText(tokens: number): boolean {
  return lettersIn(boxSize(tokens)) >= 3;
}

function hover(piece: string, token: number, { order, blockLength }: ShuffleExample): string {
  const block = Math.floor(token / blockLength) + 1;
  return `token ${token + 1} of the text: ${verbatim(JSON.stringify(piece))}<br>block ${block}<br>now at place ${order.indexOf(token) + 1}`;
}

/** Spaces and line breaks made visible, long pieces cut. */
function shorten(piece: string, letters: number): string {
  const visible = piece.replaceAll(" ", "␣").replaceAll(/\r?\n/g, "↵").replaceAll("\t", "→");
  const short = visible.length > letters ? `${visible.slice(0, Math.max(letters - 1, 1))}…` : visible;
  return verbatim(short);
}

function describe({ blocks, blockLength }: ShuffleExample): string {
  if (blocks === 1) return "as written";
  return `${blocks} blocks of ${blockLength}`;
}

function caption(tokens: number): string {
  return (
    `The shuffling on a text of ${tokens} tokens: at shuffle index S it is cut into 4^S equal blocks, the blocks are put in ` +
    "random order, and the order inside each block stays."
  );
}

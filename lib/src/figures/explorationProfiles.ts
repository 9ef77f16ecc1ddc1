import type { Exploration, ExploredOrder } from "../machine/experiment/exploration";
import type { Figure, PlotlyTrace } from "../machine/render/figure";
import { UserError } from "../machine/support/errors";
import { type SliderStep, withSlider } from "./slider";
import {
  axisSuffix,
  calmPanels,
  formOf,
  layerTicks,
  legendAbove,
  MARKER_SIZE,
  MODEL_COLORS,
  type ModelLook,
  panelAxes,
  SYMBOLS,
  shuffleColor,
  subplotLayout,
  symbolOf,
} from "./style";
import { verbatim, visibleName } from "./verbatim";

/** Which numbers of a layer are shown. */
export interface ProfileOptions {
  /** Range scaling n2 of the intrinsic dimension; 2 by default. */
  scaling?: number;
  /** Number of neighbors k of the overlap; 2 by default. */
  neighbors?: number;
}

interface Curve {
  x: number[];
  y: number[];
  error?: number[];
}

const PANELS = 3;
const NATS_PANEL = 3;

/** The orders, in gray print and for color-blind readers as well. */
const AS_WRITTEN = formOf(0);
const SHUFFLED = formOf(1);
const NATS_LOOK = { color: "#666666", symbol: "circle" };

type CurveLook = Pick<ModelLook, "color" | "symbol"> & Partial<ModelLook>;

/**
 * One prompt by layer: intrinsic dimension with its standard error, cosine similarity, neighborhood overlap; and the loss
 * and entropy of its predictions by shuffle index. A slider takes the order that stands out from S = 1 to the largest.
 *
 * @throws UserError if the results lack the scaling or the number of neighbors
 * @example
 * const prompt = { name: "gulls", text: "The tide came in, and the gulls came in with the tide." };
 * const explored = await explorePrompt("llama-mini", prompt, { shuffleIndices: [0, 1] });
 * explorationFigure(explored).data.length; // 12
 */
export function explorationFigure(exploration: Exploration, options: ProfileOptions = {}): Figure {
  const { orders, provenance } = exploration;
  const [structured, ...shuffled] = orders;
  const maximum = orders[orders.length - 1].shuffleIndex;
  const colorOf = ({ shuffleIndex }: ExploredOrder) => shuffleColor(shuffleIndex, maximum);
  const data: PlotlyTrace[] = [];
  for (const order of shuffled) {
    for (const [panel, curve] of curvesOf(order, options).entries()) data.push(thinLine(curve, panel, colorOf(order)));
  }
  data.push(...profileTraces(structured, options, nameOf(structured), { color: colorOf(structured), ...AS_WRITTEN }));
  const moving: number[] = [];
  const chosen = shuffled[shuffled.length - 1];
  if (chosen) {
    const look = { color: colorOf(chosen), ...SHUFFLED };
    const traces = [...profileTraces(chosen, options, nameOf(chosen), look), ring(chosen, look)];
    moving.push(...traces.map((_, index) => data.length + index));
    data.push(...traces);
  }
  data.push(...natsTraces(orders, NATS_LOOK, "loss", "entropy"));
  const figure: Figure = {
    name: "playground",
    caption:
      `${describeExploration(exploration)}: intrinsic dimension (GRIDE, n2 = ${options.scaling ?? 2}) with its standard error, cosine ` +
      `similarity and neighborhood overlap by layer; loss and entropy by shuffle index S.`,
    data,
    layout: layoutOf(data, options),
    provenance,
  };
  if (shuffled.length < 2) return figure;
  const steps = shuffled.map((order): SliderStep => {
    const curves = [...curvesOf(order, options), natsAt(order)];
    const color = curves.map(() => colorOf(order));
    return {
      label: String(order.shuffleIndex),
      traces: {
        x: curves.map(({ x }) => x),
        y: curves.map(({ y }) => y),
        "error_y.array": curves.map(({ error }) => error ?? []),
        name: curves.map(() => nameOf(order)),
        "line.color": color,
        "marker.color": color,
        "error_y.color": color,
      },
    };
  });
  return withSlider(figure, "shuffle index S = ", moving, steps, steps.length - 1);
}

/**
 * Two prompts (or more) side by side, each as written (solid) and in the last of its orders (dashed). Panels and errors as
 * {@link explorationFigure}.
 *
 * @example
 * const prompt = { name: "gulls", text: "The tide came in, and the gulls came in with the tide." };
 * const explored = await explorePrompt("llama-mini", prompt, { shuffleIndices: [0, 1] });
 * comparisonFigure([explored, explored]).data.length; // 16
 */
export function comparisonFigure(explorations: readonly Exploration[], options: ProfileOptions = {}): Figure {
  const colors = Object.values(MODEL_COLORS);
  const data = explorations.flatMap(({ prompt: name, orders }, index): PlotlyTrace[] => {
    const prompt = verbatim(name);
    const look = { color: colors[index % colors.length], symbol: symbolOf(index + Math.floor(index / SYMBOLS)) };
    const [structured, last] = [orders[0], orders.length > 1 ? orders[orders.length - 1] : undefined];
    const shuffledName = `${prompt}, S = ${last?.shuffleIndex}`;
    return [
      ...profileTraces(structured, options, prompt, look),
      ...(last ? profileTraces(last, options, shuffledName, { ...look, dash: "dash" }) : []),
      ...natsTraces(orders, look, undefined, undefined, prompt),
    ];
  });
  return {
    name: "playground-comparison",
    caption:
      `${explorations.map(describeExploration).join("; ")}. Solid: as written, dashed: shuffled. Right below: loss (solid) and ` +
      "entropy (dotted).",
    data,
    layout: layoutOf(data, options),
    provenance: Object.fromEntries(explorations.map(({ prompt, provenance }) => [prompt, provenance])),
  };
}

/**
 * "fiction-realist in llama-mini, 256 tokens"
 *
 * @example
 * const prompt = { name: "gulls", text: "The tide came in, and the gulls came in with the tide." };
 * const explored = await explorePrompt("llama-mini", prompt, { shuffleIndices: [0, 1] });
 * describeExploration(explored); // "gulls in llama-mini, 16 tokens"
 */
export function describeExploration({ prompt, model, pieces }: Exploration): string {
  return `${visibleName(prompt)} in ${visibleName(model)}, ${pieces.length} tokens`;
}

function nameOf({ shuffleIndex }: ExploredOrder): string {
  return shuffleIndex === 0 ? "structured (S = 0)" : `shuffled (S = ${shuffleIndex})`;
}

/** Dimension of layers 1..L, cosine similarity of 0..L, overlap of 1..L-1 with the next. */
function curvesOf({ result }: ExploredOrder, { scaling = 2, neighbors = 2 }: ProfileOptions): Curve[] {
  const layers = result.layers.map((layer, index) => ({ ...layer, index }));
  const later = layers.slice(1);
  const estimates = later.map(({ intrinsicDimension }) => intrinsicDimension.find((one) => one.scaling === scaling));
  if (estimates.every((estimate) => estimate === undefined)) {
    const known = later.flatMap(({ intrinsicDimension }) => intrinsicDimension.map((one) => one.scaling));
    const list = [...new Set(known)].join(", ") || "none: too few tokens differ";
    throw new UserError(`no intrinsic dimension at range scaling ${scaling}: there is ${list}`);
  }
  const overlaps = layers.slice(2);
  if (overlaps.some(({ neighborhoodOverlap }) => neighborhoodOverlap[neighbors - 1] === undefined)) {
    const most = overlaps[0].neighborhoodOverlap.length;
    throw new UserError(`no neighborhood overlap for k = ${neighbors}: k is 1 to ${most}`);
  }
  return [
    {
      x: later.map(({ index }) => index),
      y: estimates.map((estimate) => estimate?.id ?? Number.NaN),
      error: estimates.map((estimate) => estimate?.error ?? Number.NaN),
    },
    { x: layers.map(({ index }) => index), y: layers.map(({ cosineSimilarity }) => cosineSimilarity.mean) },
    {
      x: overlaps.map(({ index }) => index - 1),
      y: overlaps.map(({ neighborhoodOverlap }) => neighborhoodOverlap[neighbors - 1]),
    },
  ];
}

function natsAt({ shuffleIndex, result }: ExploredOrder): Curve {
  return { x: [shuffleIndex, shuffleIndex], y: [result.loss, result.meanEntropy] };
}

function thinLine({ x, y }: Curve, panel: number, color: string): PlotlyTrace {
  return {
    type: "scatter",
    mode: "lines",
    x,
    y,
    line: { color, width: 1 },
    opacity: 0.4,
    hoverinfo: "skip",
    showlegend: false,
    ...panelAxes(panel),
  };
}

/** The three curves of an order, with error bars where there are errors. */
function profileTraces(
  order: ExploredOrder,
  options: ProfileOptions,
  name: string,
  { color, symbol, dash = "solid" }: CurveLook,
): PlotlyTrace[] {
  return curvesOf(order, options).map(({ x, y, error }, panel) => ({
    type: "scatter",
    mode: "lines+markers",
    x,
    y,
    error_y: { type: "data", array: error ?? [], visible: true, color, thickness: 1, width: 3 },
    name,
    legendgroup: name,
    showlegend: panel === 0,
    line: { color, width: 2, dash },
    marker: { color, symbol, size: MARKER_SIZE },
    hovertemplate: "layer %{x}: %{y:.4g}<extra>%{fullData.name}</extra>",
    ...panelAxes(panel),
  }));
}

/** Loss (solid) and entropy (dotted) by shuffle index; named in the legend if they have names, else part of a group. */
function natsTraces(
  orders: readonly ExploredOrder[],
  { color, symbol }: CurveLook,
  lossName?: string,
  entropyName?: string,
  group?: string,
): PlotlyTrace[] {
  const x = orders.map(({ shuffleIndex }) => shuffleIndex);
  const lines = [
    {
      y: orders.map(({ result }) => result.loss),
      name: lossName,
      label: "loss",
      dash: "solid" as const,
      marker: symbol,
    },
    {
      y: orders.map(({ result }) => result.meanEntropy),
      name: entropyName,
      label: "entropy",
      dash: "dot" as const,
      marker: `${symbol}-open`,
    },
  ];
  return lines.map(({ y, name, label, dash, marker }) => ({
    type: "scatter",
    mode: "lines+markers",
    x,
    y,
    name: name ?? `${group}, ${label}`,
    legendgroup: group ?? name,
    showlegend: name !== undefined,
    line: { color, width: 2, dash },
    marker: { color, symbol: marker, size: MARKER_SIZE },
    hovertemplate: `S = %{x}: ${label} %{y:.4g} nats<extra></extra>`,
    ...panelAxes(NATS_PANEL),
  }));
}

/** Marks the chosen order in the panel of loss and entropy. */
function ring(order: ExploredOrder, { color }: CurveLook): PlotlyTrace {
  return {
    type: "scatter",
    mode: "markers",
    ...natsAt(order),
    name: nameOf(order),
    legendgroup: nameOf(order),
    showlegend: false,
    hoverinfo: "skip",
    marker: { color, size: 13, symbol: "circle-open", line: { width: 2 } },
    ...panelAxes(NATS_PANEL),
  };
}

function layoutOf(data: readonly PlotlyTrace[], { scaling = 2, neighbors = 2 }: ProfileOptions): Figure["layout"] {
  const layout = subplotLayout({
    rows: 2,
    columns: 2,
    width: 900,
    height: 620,
    xTitle: [...Array.from({ length: PANELS }, () => "layer"), "shuffle index S"],
    yTitle: [
      `intrinsic dimension (n<sub>2</sub> = ${scaling})`,
      "mean cosine similarity",
      `overlap with next layer (k = ${neighbors})`,
      "nats",
    ],
    xaxis: layerTicks(data),
    gapX: 80,
    gapY: 64,
  });
  legendAbove(layout, data);
  calmPanels(layout, data);
  Object.assign(layout[`xaxis${axisSuffix(NATS_PANEL)}`] as object, { dtick: 1 });
  return layout;
}

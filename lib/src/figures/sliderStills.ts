import type { Figure } from "../machine/render/figure";

/** A place of a figure's slider, as paper can show it. */
export interface SliderStill {
  /** "layer 6" */
  label: string;
  figure: Figure;
}

interface Slider {
  active?: number;
  currentvalue?: { prefix?: string };
  steps?: { label?: string; method?: string; args?: unknown[] }[];
}

/**
 * What the slider of a figure shows elsewhere than where it stands: at most so many of its steps, from the first to the last.
 * Plotly applies a step in the page; here its changes are put into the specification.
 *
 * @param count how many, spread evenly over the steps
 * @returns none of a figure without a slider
 */
export function sliderStills(figure: Figure, count: number): SliderStill[] {
  const [slider] = (figure.layout.sliders ?? []) as Slider[];
  const { steps = [], active = 0, currentvalue } = slider ?? {};
  const others = steps.map((step, index) => ({ step, index })).filter(({ index }) => index !== active);
  const shown = Math.min(count, others.length);
  const places = Array.from({ length: shown }, (_, i) =>
    shown === 1 ? 0 : Math.round((i * (others.length - 1)) / (shown - 1)),
  );
  return places.map((place) => {
    const { step, index } = others[place];
    const label = `${currentvalue?.prefix ?? ""}${step.label ?? index}`;
    return { label, figure: withStep(figure, step.method ?? "restyle", step.args ?? []) };
  });
}

/** The figure as a step of its slider changes it. Source: plotly.com/javascript/plotlyjs-function-reference */
function withStep(figure: Figure, method: string, args: readonly unknown[]): Figure {
  const [first, second, third] = args as [Changes?, unknown?, unknown?];
  if (method === "relayout") return { ...figure, layout: changed(figure.layout, first) };
  if (method === "restyle") return { ...figure, data: restyled(figure.data, first, second) };
  if (method === "update") {
    const layout = changed(figure.layout, second as Changes | undefined);
    return { ...figure, data: restyled(figure.data, first, third), layout };
  }
  if (method !== "animate") return figure;
  const { data = [], traces = [...data.keys()], layout } = (first ?? {}) as Frame;
  const moved = figure.data.map((trace, index) => ({ ...trace, ...data[traces.indexOf(index)] }));
  return { ...figure, data: moved, layout: changed(figure.layout, layout) };
}

/** By attribute, "marker.color" or "annotations[0].text". */
type Changes = Record<string, unknown>;

interface Frame {
  data?: Figure["data"];
  traces?: number[];
  layout?: Changes;
}

/** A list of values is one for each trace; Plotly begins anew where it is too short. */
function restyled(data: Figure["data"], changes: Changes = {}, traces: unknown = [...data.keys()]): Figure["data"] {
  const chosen = [traces].flat() as number[];
  return data.map((trace, index) => {
    const place = chosen.indexOf(index);
    if (place < 0) return trace;
    const own = Object.entries(changes).map(([path, value]) => [
      path,
      Array.isArray(value) ? value[place % value.length] : value,
    ]);
    return changed(trace, Object.fromEntries(own));
  });
}

function changed<Target extends object>(target: Target, changes: Changes = {}): Target {
  return Object.entries(changes).reduce((so, [path, value]) => {
    return put(so, path.match(/[^.[\]]+/g) ?? [], value) as Target;
  }, target);
}

/** A copy with a value at a path. */
function put(target: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const inside = (target as Record<string, unknown> | undefined)?.[key];
  if (Array.isArray(target)) return target.with(Number(key), put(inside, rest, value));
  return { ...(target as object | undefined), [key]: put(inside, rest, value) };
}

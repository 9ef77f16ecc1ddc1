import { readFileSync } from "node:fs";
import type { Canvas } from "@napi-rs/canvas";
import type { DOMWindow } from "jsdom";
import { svgPathProperties } from "svg-path-properties";
import { randomGenerator } from "../support/random";
import { localBox, pageBox, textWidth } from "./renderGeometry";

/** The part of Plotly's interface that is used here. */
interface PlotlyModule {
  version: string;
  toImage(figure: unknown, options: Record<string, unknown>): Promise<string>;
}

/** A window without a screen in which Plotly has been loaded. */
export interface PlotlyWindow {
  plotly: PlotlyModule;
  /** Makes an object of the window's own realm from JSON text (Plotly tells plain objects by their prototype). */
  parse(json: string): unknown;
  /** Restarts the window's random numbers, from which Plotly makes the ids in a picture. */
  seed(seed: string): void;
  /** Lets go of the last picture. */
  forget(): void;
}

let shared: Promise<PlotlyWindow> | undefined;

/** Path of the Plotly build that draws every figure, here and in the browser. */
export function plotlyFile(): string {
  return require.resolve("plotly.js/dist/plotly-cartesian.min.js");
}

/** The one window all pictures are drawn in; made at the first call, which takes about a second. */
export function plotlyWindow(): Promise<PlotlyWindow> {
  shared ??= openWindow();
  return shared;
}

async function openWindow(): Promise<PlotlyWindow> {
  const { JSDOM, VirtualConsole } = await import("jsdom");
  const page = new JSDOM("<!DOCTYPE html><html><body></body></html>", {
    runScripts: "outside-only",
    pretendToBeVisual: false,
    // Without listeners: jsdom's remarks on what it lacks do not concern the reader of a figure.
    virtualConsole: new VirtualConsole(),
  });
  const { window } = page;
  lendMeasures(window);
  lendCanvas(window);
  window.eval(readFileSync(plotlyFile(), "utf8"));
  return {
    plotly: (window as unknown as { Plotly: PlotlyModule }).Plotly,
    parse: (json) => (window.eval("JSON") as JSON).parse(json),
    seed: (seed) => {
      (window.eval("Math") as Math).random = randomGenerator(seed);
    },
    forget: () => forgetElements(window),
  };
}

/**
 * jsdom's engine for selectors keeps what it has found by each of them, and with it the pictures of all elements in question:
 * 6 MB a figure, for good, since the names in Plotly's selectors differ from picture to picture.
 */
function forgetElements({ document }: DOMWindow): void {
  const inside = Object.getOwnPropertySymbols(document).find(({ description }) => description === "impl");
  const engine = (document as unknown as Record<symbol, SelectorHolder | undefined>)[inside ?? Symbol()]?._nwsapi;
  engine?.configure?.({}, true);
}

/** Behind jsdom's document. */
interface SelectorHolder {
  _nwsapi?: { configure?(options: object, clear: boolean): void };
}

/** jsdom lays nothing out; these are the sizes that Plotly asks a browser for. */
function lendMeasures(window: DOMWindow): void {
  const asRectangle = (box: ReturnType<typeof pageBox>): Record<string, number> => ({
    ...box,
    x: box.left,
    y: box.top,
    width: box.right - box.left,
    height: box.bottom - box.top,
  });
  const nothing = { left: 0, top: 0, right: 0, bottom: 0 };
  Object.assign(window.SVGElement.prototype, {
    getBBox(this: Element) {
      return asRectangle(localBox(this) ?? nothing);
    },
    getBoundingClientRect(this: Element) {
      return asRectangle(pageBox(this));
    },
    getComputedTextLength(this: Element) {
      return textWidth(this);
    },
    getTotalLength(this: Element) {
      return new svgPathProperties(this.getAttribute("d") ?? "").getTotalLength();
    },
    getPointAtLength(this: Element, length: number) {
      return new svgPathProperties(this.getAttribute("d") ?? "").getPointAtLength(length);
    },
  });
  Object.assign(window, {
    // Lets heat maps be stored as one pixel a cell.
    supportsCSS: (property: string) => property === "image-rendering",
  });
}

/** Heat maps are painted on a canvas and embedded as PNG. */
function lendCanvas(window: DOMWindow): void {
  const canvases = new WeakMap<Element, Canvas>();
  const canvasOf = (element: HTMLCanvasElement): Canvas => {
    const { createCanvas }: typeof import("@napi-rs/canvas") = require("@napi-rs/canvas");
    let canvas = canvases.get(element);
    if (!canvas || canvas.width !== element.width || canvas.height !== element.height) {
      canvas = createCanvas(element.width, element.height);
      canvases.set(element, canvas);
    }
    return canvas;
  };
  Object.assign(window.HTMLCanvasElement.prototype, {
    getContext(this: HTMLCanvasElement, kind: string) {
      return kind === "2d" ? canvasOf(this).getContext("2d") : null;
    },
    toDataURL(this: HTMLCanvasElement) {
      return canvasOf(this).toDataURL("image/png");
    },
  });
}

import { svgPathProperties } from "svg-path-properties";
import { measureText, type TextStyle } from "./measureText";

/** A rectangle in CSS pixels. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** An affine map as SVG writes it: x' = a x + c y + e, y' = b x + d y + f. */
type Affine = [a: number, b: number, c: number, d: number, e: number, f: number];

const IDENTITY: Affine = [1, 0, 0, 1, 0, 0];

/**
 * Bounding box of an SVG element in the coordinates of its parent's user space before its own transform: what `getBBox`
 * answers in a browser, for the elements whose size Plotly asks for (text, and groups of text, paths and rectangles).
 * Undefined for an element that takes no room.
 */
export function localBox(element: Element): Box | undefined {
  const number = (name: string): number => Number.parseFloat(element.getAttribute(name) ?? "") || 0;
  switch (element.tagName) {
    case "text":
      return textBox(element);
    case "rect":
    case "image":
      return {
        left: number("x"),
        top: number("y"),
        right: number("x") + number("width"),
        bottom: number("y") + number("height"),
      };
    case "circle":
      return {
        left: number("cx") - number("r"),
        top: number("cy") - number("r"),
        right: number("cx") + number("r"),
        bottom: number("cy") + number("r"),
      };
    case "path":
      return pathBox(element.getAttribute("d") ?? "");
    case "g":
    case "svg":
      return Array.from(element.children).reduce<Box | undefined>((box, child) => {
        const own = localBox(child);
        return own ? union(box, transformBox(own, parseTransform(child.getAttribute("transform")))) : box;
      }, undefined);
    default:
      return undefined;
  }
}

/** Bounding box of an SVG element on the page: its own and all its ancestors' transforms applied. */
export function pageBox(element: Element): Box {
  let box = localBox(element) ?? { left: 0, top: 0, right: 0, bottom: 0 };
  for (let node: Element | null = element; node && node.tagName !== "svg"; node = node.parentElement) {
    box = transformBox(box, parseTransform(node.getAttribute("transform")));
  }
  return box;
}

/** Width of an SVG text element in CSS pixels; of several lines, the longest. */
export function textWidth(element: Element): number {
  const box = textBox(element);
  return box ? box.right - box.left : 0;
}

/**
 * Box of a text element. Plotly sets one line either directly or as one `tspan.line` a line (with its own x, y and a dy in
 * em), and marks up bold, italic, sub- and superscript by nested tspans with a style.
 */
function textBox(element: Element): Box | undefined {
  const style = textStyle(element);
  const lines = Array.from(element.children).filter((child) => child.classList.contains("line"));
  const anchor = element.getAttribute("text-anchor") ?? styleOf(element, "text-anchor") ?? "start";
  const boxes = (lines.length > 0 ? lines : [element]).map((line): Box | undefined => {
    const extent = runExtent(line, style);
    if (extent.width === 0) return undefined;
    const attribute = (name: string): number =>
      Number.parseFloat(line.getAttribute(name) ?? element.getAttribute(name) ?? "") || 0;
    const shift = /^(-?[\d.]+)(em)?/.exec(line.getAttribute("dy") ?? "");
    const baseline = attribute("y") + (shift ? Number(shift[1]) * (shift[2] ? style.size : 1) : 0);
    const left = attribute("x") - (anchor === "middle" ? extent.width / 2 : anchor === "end" ? extent.width : 0);
    return { left, right: left + extent.width, top: baseline - extent.ascent, bottom: baseline + extent.descent };
  });
  return boxes.reduce((all, box) => (box ? union(all, box) : all), undefined);
}

/** Width, and reach above and below the baseline, of everything in a line; `rise` is how far below the baseline it sits. */
function runExtent(node: Node, style: TextStyle, rise = 0): { width: number; ascent: number; descent: number } {
  const total = { width: 0, ascent: 0, descent: 0 };
  for (const child of Array.from(node.childNodes)) {
    let part = { width: 0, ascent: 0, descent: 0 };
    if (child.nodeType === 3) {
      // Plotly puts zero-width spaces around sub- and superscripts.
      const text = (child.nodeValue ?? "").replaceAll("\u200b", "");
      if (text === "") continue;
      const extent = measureText(text, style);
      part = { width: extent.width, ascent: extent.ascent - rise, descent: extent.descent + rise };
    } else if (child.nodeType === 1) {
      const inner = textStyle(child as Element, style);
      const shift = /^(-?[\d.]+)em/.exec((child as Element).getAttribute("dy") ?? "");
      part = runExtent(child, inner, rise + (shift ? Number(shift[1]) * inner.size : 0));
    }
    total.width += part.width;
    total.ascent = Math.max(total.ascent, part.ascent);
    total.descent = Math.max(total.descent, part.descent);
  }
  return total;
}

function textStyle(element: Element, inherited?: TextStyle): TextStyle {
  const size = styleOf(element, "font-size");
  const weight = styleOf(element, "font-weight");
  const slant = styleOf(element, "font-style");
  const family = styleOf(element, "font-family");
  const parent = inherited ?? { size: 12, bold: false, italic: false, monospace: false };
  return {
    size: size
      ? Number.parseFloat(size) * (size.endsWith("%") ? parent.size / 100 : size.endsWith("em") ? parent.size : 1)
      : parent.size,
    bold: weight ? weight === "bold" || Number(weight) >= 600 : parent.bold,
    italic: slant ? slant !== "normal" : parent.italic,
    monospace: family ? /mono|courier/i.test(family) : parent.monospace,
  };
}

function styleOf(element: Element, property: string): string | undefined {
  const style = element.getAttribute("style");
  const found = style ? new RegExp(`(?:^|;)\\s*${property}:\\s*([^;]+)`).exec(style)?.[1] : undefined;
  return (found ?? element.getAttribute(property) ?? undefined)?.trim();
}

function pathBox(path: string): Box | undefined {
  if (path.trim() === "") return undefined;
  let box: Box | undefined;
  for (const part of new svgPathProperties(path).getParts()) {
    for (const point of [part.start, part.end]) {
      box = union(box, { left: point.x, right: point.x, top: point.y, bottom: point.y });
    }
  }
  return box;
}

function union(first: Box | undefined, second: Box): Box {
  if (!first) return second;
  return {
    left: Math.min(first.left, second.left),
    top: Math.min(first.top, second.top),
    right: Math.max(first.right, second.right),
    bottom: Math.max(first.bottom, second.bottom),
  };
}

function parseTransform(transform: string | null): Affine {
  let result = IDENTITY;
  for (const [, name, list] of (transform ?? "").matchAll(/(\w+)\(([^)]*)\)/g)) {
    const values = list
      .split(/[\s,]+/)
      .filter(Boolean)
      .map(Number);
    if (values.some(Number.isNaN)) continue;
    const [first = 0, second] = values;
    if (name === "translate") result = multiply(result, [1, 0, 0, 1, first, second ?? 0]);
    else if (name === "scale") result = multiply(result, [first, 0, 0, second ?? first, 0, 0]);
    else if (name === "matrix" && values.length === 6) result = multiply(result, values as Affine);
    else if (name === "rotate") {
      const angle = (first * Math.PI) / 180;
      const [x, y] = [second ?? 0, values[2] ?? 0];
      const turn: Affine = [Math.cos(angle), Math.sin(angle), -Math.sin(angle), Math.cos(angle), 0, 0];
      result = multiply(multiply(multiply(result, [1, 0, 0, 1, x, y]), turn), [1, 0, 0, 1, -x, -y]);
    }
  }
  return result;
}

function multiply(m: Affine, n: Affine): Affine {
  return [
    m[0] * n[0] + m[2] * n[1],
    m[1] * n[0] + m[3] * n[1],
    m[0] * n[2] + m[2] * n[3],
    m[1] * n[2] + m[3] * n[3],
    m[0] * n[4] + m[2] * n[5] + m[4],
    m[1] * n[4] + m[3] * n[5] + m[5],
  ];
}

function transformBox(box: Box, m: Affine): Box {
  if (m === IDENTITY) return box;
  const xs: number[] = [];
  const ys: number[] = [];
  for (const x of [box.left, box.right]) {
    for (const y of [box.top, box.bottom]) {
      xs.push(m[0] * x + m[2] * y + m[4]);
      ys.push(m[1] * x + m[3] * y + m[5]);
    }
  }
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

import { INK, PAPER, spacingColor } from "../../figures/style";
import { groupRows } from "../../results/row";
import { canvasFont, measureText, type TextStyle } from "../render/measureText";
import { encodePalettePng } from "../render/renderSmallPng";
import { directionOf, embeddingLevels, hasRightToLeft, visualOrder } from "../support/writing";
import { type TokenText, visiblePiece } from "./tokenTextContent";

/** Sizes in CSS pixels. */
const WIDTH = 900;
const MARGIN = 10;
const LINE = 24;
const STYLE: TextStyle = { size: 14, bold: false, italic: false, monospace: false };

/** Pixels for each CSS pixel. */
const SCALE = 1.5;

/** A piece of text, or a part of one that is broken by a line break. */
interface PlacedPiece {
  text: string;
  token: number;
  x: number;
  line: number;
  width: number;
}

/** Colored text as a picture, drawn without a browser. */
export function tokenTextPicture({ pieces, orders, order, layer }: TokenText): {
  png: Buffer;
  width: number;
  height: number;
} {
  const canvas: typeof import("@napi-rs/canvas") = require("@napi-rs/canvas");
  const { placed, runs } = setLines(placePieces(pieces));
  const height = 2 * MARGIN + LINE * (1 + placed.reduce((last, { line }) => Math.max(last, line), 0));
  const surface = canvas.createCanvas(Math.round(WIDTH * SCALE), Math.round(height * SCALE));
  const context = surface.getContext("2d");
  context.scale(SCALE, SCALE);
  context.fillStyle = PAPER;
  context.fillRect(0, 0, WIDTH, height);
  context.textBaseline = "middle";
  const shares = orders[order].layers[layer];
  for (const { token, x, line, width } of placed) {
    context.fillStyle = spacingColor(shares[token]);
    context.fillRect(x, MARGIN + LINE * line + 3, width, LINE - 6);
  }
  context.fillStyle = INK;
  for (const { text, x, line, direction } of runs) {
    context.font = canvasFont(text, STYLE);
    context.direction = direction;
    context.textAlign = "left";
    context.fillText(text, x, MARGIN + LINE * (line + 0.5));
  }
  const { data, width: columns, height: rows } = context.getImageData(0, 0, surface.width, surface.height);
  return { png: encodePalettePng(new Uint8Array(data.buffer), columns, rows), width: WIDTH, height };
}

/**
 * Sets pieces in lines, as a browser does: line breaks are kept, and a word (pieces of which only the first may start with a
 * space) that does not fit goes to the next line; one that is longer than a line is broken.
 */
export function placePieces(pieces: readonly string[]): PlacedPiece[] {
  const placed: PlacedPiece[] = [];
  const end = WIDTH - MARGIN;
  let [x, line] = [MARGIN, 0];
  const newLine = () => {
    [x, line] = [MARGIN, line + 1];
  };
  const parts = pieces.flatMap((piece, token) =>
    visiblePiece(piece)
      .split("\n")
      .map((text, part) => ({ text, token, breaksBefore: part > 0, width: measureText(text, STYLE).width })),
  );
  parts.forEach(({ breaksBefore, ...part }, index) => {
    if (breaksBefore) newLine();
    if (part.text === "") return;
    const startsWord = index === 0 || breaksBefore || /^\s/.test(part.text);
    const next = parts.findIndex((other, i) => i > index && (other.breaksBefore || /^\s/.test(other.text)));
    const word = parts.slice(index, next < 0 ? undefined : next).reduce((sum, { width }) => sum + width, 0);
    const wanted = startsWord && word <= end - MARGIN ? word : part.width;
    if (x > MARGIN && x + wanted > end) newLine();
    placed.push({ ...part, x, line });
    x += part.width;
  });
  return placed;
}

/** Text that is drawn at once, so that its letters join. */
interface Run {
  text: string;
  x: number;
  line: number;
  direction: "ltr" | "rtl";
}

/** Lines as they are seen: those with letters that are written from right to left in their order, from the right if they begin so. */
export function setLines(pieces: readonly PlacedPiece[]): { placed: PlacedPiece[]; runs: Run[] } {
  const lines = groupRows(pieces, ({ line }) => line);
  const set = lines.map((line) => {
    if (!hasRightToLeft(textOf(line))) {
      return {
        placed: line,
        runs: line.map(({ text, x, line: number }): Run => ({ text, x, line: number, direction: "ltr" })),
      };
    }
    return setBothWays(line);
  });
  return { placed: set.flatMap(({ placed }) => placed), runs: set.flatMap(({ runs }) => runs) };
}

const textOf = (pieces: readonly PlacedPiece[]): string => pieces.map(({ text }) => text).join("");

/** Spaces in front of a word are written in the direction of what is around them. */
const withoutSpaces = (piece: PlacedPiece): PlacedPiece[] =>
  piece.text.split(/(?<=^\s+)(?=\S)/).map((text) => ({ ...piece, text }));

function setBothWays(pieces: readonly PlacedPiece[]): { placed: PlacedPiece[]; runs: Run[] } {
  const line = pieces.flatMap(withoutSpaces);
  const base = directionOf(textOf(line)) ?? "ltr";
  const levels = embeddingLevels(
    line.map(({ text }) => text),
    base,
  );
  // Neighbors of one depth are one run.
  const starts = levels.flatMap((level, index) => (level === levels[index - 1] ? [] : [index]));
  const groups = starts.map((start, index) => line.slice(start, starts[index + 1]));
  const widths = groups.map((group) => measureText(textOf(group), STYLE).width);
  const total = widths.reduce((sum, width) => sum + width, 0);
  let left = base === "rtl" ? WIDTH - MARGIN - total : MARGIN;
  const placed: PlacedPiece[] = [];
  const runs: Run[] = [];
  for (const index of visualOrder(starts.map((start) => levels[start]))) {
    const [group, width] = [groups[index], widths[index]];
    const direction = levels[starts[index]] % 2 === 1 ? "rtl" : "ltr";
    runs.push({ text: textOf(group), x: left, line: group[0].line, direction });
    group.forEach((piece, i) => {
      const [from, to] = [i, i + 1].map((end) => measureText(textOf(group.slice(0, end)), STYLE).width);
      placed.push({ ...piece, width: to - from, x: direction === "ltr" ? left + from : left + width - to });
    });
    left += width;
  }
  return { placed, runs };
}

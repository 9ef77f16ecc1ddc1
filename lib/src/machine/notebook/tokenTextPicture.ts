import { INK, PAPER, spacingColor } from "../../figures/style";
import { measureText, type TextStyle } from "../render/fonts";
import { encodePalettePng } from "../render/renderSmallPng";
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
  const placed = placePieces(pieces);
  const height = 2 * MARGIN + LINE * (1 + placed.reduce((last, { line }) => Math.max(last, line), 0));
  const surface = canvas.createCanvas(Math.round(WIDTH * SCALE), Math.round(height * SCALE));
  const context = surface.getContext("2d");
  context.scale(SCALE, SCALE);
  context.fillStyle = PAPER;
  context.fillRect(0, 0, WIDTH, height);
  context.font = `${STYLE.size}px "DejaVu Sans"`;
  context.textBaseline = "middle";
  const shares = orders[order].layers[layer];
  for (const { token, x, line, width } of placed) {
    context.fillStyle = spacingColor(shares[token]);
    context.fillRect(x, MARGIN + LINE * line + 3, width, LINE - 6);
  }
  context.fillStyle = INK;
  for (const { text, x, line } of placed) context.fillText(text, x, MARGIN + LINE * (line + 0.5));
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

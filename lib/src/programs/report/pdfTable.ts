import type { TableRecord } from "../../machine/notebook/record";
import { restOf } from "../../machine/notebook/tableFormat";

/** Fonts that a document has registered. */
export const REGULAR = "regular";
export const BOLD = "bold";

const LARGEST_TEXT = 8;
const SMALLEST_TEXT = 4.5;
/** Space between columns and above and below text, in points. */
const GUTTER = 8;
const PADDING = 2;

type Document = PDFKit.PDFDocument;

/**
 * Sets a table at the document's position, over as many pages as it needs; each begins with the column names. Text is made
 * smaller until the columns fit between the margins; names of columns break between words.
 */
export function setTable(document: Document, table: TableRecord): void {
  const { columns, lines, numeric, caption } = table;
  const available = document.page.width - document.page.margins.left - document.page.margins.right;
  let size = LARGEST_TEXT;
  let widths = columnWidths(document, table, size);
  const total = () => sum(widths) + GUTTER * (columns.length - 1);
  while (total() > available && size > SMALLEST_TEXT) {
    size -= 0.25;
    widths = columnWidths(document, table, size);
  }
  if (total() > available) {
    const factor = (available - GUTTER * (columns.length - 1)) / sum(widths);
    widths = widths.map((width) => width * factor);
  }
  const row = (cells: readonly string[], font: string): void => {
    document.font(font).fontSize(size);
    const heights = cells.map((cell, i) => document.heightOfString(cell, { width: widths[i] + 0.5 }));
    const height = Math.max(...heights);
    const { y } = document;
    let x = document.page.margins.left;
    cells.forEach((cell, i) => {
      const drop = font === BOLD ? height - heights[i] : 0;
      const align = numeric[i] ? "right" : "left";
      document.text(cell, x, y + PADDING + drop, { width: widths[i] + 0.5, align });
      x += widths[i] + GUTTER;
    });
    document.x = document.page.margins.left;
    document.y = y + height + 2 * PADDING;
  };
  const rule = (): void => {
    const start = document.page.margins.left;
    document
      .moveTo(start, document.y)
      .lineTo(start + total(), document.y)
      .lineWidth(0.5)
      .stroke("#999999");
  };
  const head = (): void => {
    row(columns, BOLD);
    rule();
  };
  const lineHeight = size * 1.2 + 2 * PADDING;
  keepTogether(document, 5 * lineHeight + 30);
  if (caption) document.font(BOLD).fontSize(9).text(caption, { width: available }).moveDown(0.3);
  if (columns.length > 0) head();
  for (const line of lines) {
    document.font(REGULAR).fontSize(size);
    const needed = Math.max(...line.map((cell, i) => document.heightOfString(cell, { width: widths[i] + 0.5 })));
    if (document.y + needed + 2 * PADDING > bottomOf(document)) {
      document.addPage();
      head();
    }
    row(line, REGULAR);
  }
  const rest = restOf(table);
  if (rest) document.font(REGULAR).fontSize(size).text(rest);
  document.moveDown(1);
}

/** Starts a page if less than this many points are left on the current one. */
export function keepTogether(document: Document, height: number): void {
  if (document.y + height > bottomOf(document)) document.addPage();
}

function bottomOf({ page }: Document): number {
  return page.height - page.margins.bottom;
}

/** Each column as wide as its widest cell, or the widest word of its name. */
function columnWidths(document: Document, { columns, lines }: TableRecord, size: number): number[] {
  return columns.map((name, i) => {
    document.font(BOLD).fontSize(size);
    const words = name.split(" ").map((word) => document.widthOfString(word));
    document.font(REGULAR);
    return Math.max(...words, ...lines.map((line) => document.widthOfString(line[i])));
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

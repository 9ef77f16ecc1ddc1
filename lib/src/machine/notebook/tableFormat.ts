import { hasRightToLeft } from "../support/writing";
import { escapeHtmlText } from "../support/xml";
import type { TableRecord } from "./record";

/** How a table is shown. */
export interface TableOptions {
  /** One line above the table. */
  caption?: string;
  /** Significant digits of numbers that are not whole, 4 by default. */
  digits?: number;
  /** Rows that are shown at most, 100 by default; the rest is counted. */
  maximumRows?: number;
}

/** A table as columns and cells, row by row. */
export interface Table {
  columns: string[];
  cells: unknown[][];
}

const MISSING = "–";
const MAXIMUM_ROWS = 100;
/** Cells of at most this many letters stay on one line. */
const LONGEST_LINE = 40;

/** A table as HTML. Everything in it is escaped; numbers stand right, with as many decimals throughout a column. */
export function tableHtml(table: Table, options: TableOptions): string {
  const { columns, lines, numeric, left } = formatted(table, options);
  const style = (column: number, cell: string): string => {
    const wrap = cell.length <= LONGEST_LINE ? "; white-space: nowrap" : "";
    const side = numeric[column] ? "right" : "left";
    return `style="text-align: ${side}; padding: 2px 10px; font-variant-numeric: tabular-nums${wrap}"`;
  };
  const row = (tag: string, cells: string[]): string =>
    `<tr>${cells.map((cell, column) => `<${tag} ${style(column, cell)}${directionAttribute(cell)}>${escapeHtmlText(cell)}</${tag}>`).join("")}</tr>`;
  const caption = options.caption
    ? `<caption style="caption-side: top; text-align: left; font-weight: bold">${escapeHtmlText(options.caption)}</caption>`
    : "";
  const more = restOf({ columns, left });
  const rest = more ? `<tr><td colspan="${columns.length}">${more}</td></tr>` : "";
  return [
    // A table that is wider than its place scrolls, rather than breaking names and numbers in two.
    `<div style="overflow-x: auto"><table style="border-collapse: collapse">${caption}<thead>${row("th", columns)}</thead>`,
    `<tbody>${lines.map((line) => row("td", line)).join("")}${rest}</tbody></table></div>`,
  ].join("");
}

/** A cell that is written from right to left is so as a whole. */
export const directionAttribute = (cell: string): string => (hasRightToLeft(cell) ? ' dir="auto"' : "");

/** A table as programs read it: what is shown, cell by cell. */
export function tableRecord(table: Table, options: TableOptions): TableRecord {
  const { columns, lines, numeric, left } = formatted(table, options);
  const caption = options.caption === undefined ? {} : { caption: options.caption };
  return { kind: "table", ...caption, columns, lines, numeric, left };
}

/** What stands below the lines of a table, if something does: how many lines more there are, or that there is nothing. */
export function restOf({ columns, left }: Pick<TableRecord, "columns" | "left">): string {
  if (columns.length === 0) return "no rows";
  return left > 0 ? `… and ${left} more rows` : "";
}

/** A table as text in columns. */
export function tableText(table: Table, options: TableOptions): string {
  const { columns, lines, numeric, left } = formatted(table, options);
  const widths = columns.map((name, column) => Math.max(name.length, ...lines.map((line) => line[column].length)));
  const row = (cells: string[]): string =>
    cells
      .map((cell, column) => (numeric[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join("  ")
      .trimEnd();
  const head = columns.length > 0 ? [row(columns), row(widths.map((width) => "-".repeat(width)))] : [];
  const rest = restOf({ columns, left });
  return [...(options.caption ? [options.caption] : []), ...head, ...lines.map(row), ...(rest ? [rest] : [])].join(
    "\n",
  );
}

function formatted(
  { columns, cells }: Table,
  options: TableOptions,
): { columns: string[]; lines: string[][]; numeric: boolean[]; left: number } {
  const shown = cells.slice(0, options.maximumRows ?? MAXIMUM_ROWS);
  const formats = columns.map((_, column) =>
    columnFormat(
      shown.map((row) => row[column]),
      options.digits ?? 4,
    ),
  );
  const numeric = columns.map((_, column) => {
    const values = shown.map((row) => row[column]).filter((value) => value !== null && value !== undefined);
    return values.length > 0 && values.every((value) => typeof value === "number");
  });
  const lines = shown.map((row) => row.map((value, column) => formats[column](value)));
  return { columns, lines, numeric, left: cells.length - shown.length };
}

/** The largest number of a column gets `digits` significant digits, the others the same decimals; tiny ones an exponent. */
function columnFormat(values: unknown[], digits: number): (value: unknown) => string {
  const numbers = values.filter((value): value is number => typeof value === "number" && Number.isFinite(value));
  const whole = numbers.every(Number.isInteger);
  const largest = Math.max(0, ...numbers.map(Math.abs));
  const decimals = largest > 0 ? Math.max(0, digits - 1 - Math.floor(Math.log10(largest))) : 0;
  const plain = decimals <= digits + 2;
  return (value) => {
    if (value === null || value === undefined || Number.isNaN(value)) return MISSING;
    if (typeof value === "object") return JSON.stringify(value);
    if (typeof value !== "number") return String(value);
    if (!Number.isFinite(value) || whole) return String(value);
    const lost = value !== 0 && Math.abs(value) < 0.5 * 10 ** -decimals;
    return !plain || lost || largest >= 1e9
      ? Number(value.toPrecision(digits)).toExponential()
      : value.toFixed(decimals);
  };
}
